// A classic script in old syntax: browsers that cannot run the page are told so. Everything that
// passes here (Chrome 92, Firefox 98, Safari 15.4) can parse the modules.
/* eslint-disable no-var */
(function () {
  if ('noModule' in document.createElement('script') && 'at' in Array.prototype
      && 'HTMLDialogElement' in window) return;
  var text = document.getElementById('too-old');
  if (text) text.hidden = false;
})();
