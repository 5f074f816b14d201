// The `app` facade: what views (and tests in a browser, as window.madang with ?debug) work with.
//
//   app.state()                    the State of domain/types.js
//   app.subscribe(fn) -> stop      fn(state) after each change (several changes may come in one task)
//   app.streams.get(id)            MediaStream of an id in the state, or undefined
//   app.streams.on('change', id => ...)
//   app.meter(fn) -> stop          fn(level 0..1) about 15 times a second: one's own microphone, also while
// muted
//   app.link(room) -> string       https://HOST/r/ROOM
//   app.log                        core/log.js
//   app.actions                    below; those that give a Promise never reject: what went wrong is in the
// state
//
// Actions (all may be called at any time; one that makes no sense just now does nothing):
//   lobby:   watchLobby(on)  goLobby()
//   joining: prepare({room}) | prepare({create: {title, public, password, capacity}})   -> screen
// 'prejoin', preview
//            setCreate(fields)  join({password}?)  cancelJoin()  answerOtherTab('switch'|'muted'|'cancel')
//   room:    leave(room?)  show(room)  roomSet({title?, public?, locked?, capacity?, password?})
//            removePerson(session)  mergeInto(room)  askMedia(on)
//   talking: sendChat(text)  sendWhisper(to, text)  resend(chatId)  typing(on)  chatSeen()
//   me:      setName(name)  setMic(on)  setCam(on)  setListenOnly(on)
//            setDevice('mic'|'camera'|'speaker', id)  flipCamera()  retryDevice('mic'|'camera')
//            startScreen()  stopScreen()      call startScreen within a click
//   playing: playbackBlocked()   a view says that play() was refused;  resumePlayback() from a tap
//            attachSink(element) -> stop     audio element that is to play on the chosen speaker
//   files:   offerFile(session, File)  acceptFile(id) (within a click)  declineFile(id)  cancelFile(id)
// forgetFile(id)
//   net:     retryNow()  reload()
//   toasts:  dismiss(id)
export {};
