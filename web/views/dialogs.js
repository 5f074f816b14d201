// The dialog that is open, if any. The questions that the app asks come before those that one opened.
import { html } from '../vendor/htm-preact.js';
import { useApp } from './context.js';
import { BlockDialog, CodesDialog, DeleteDialog, NewCodesDialog, PasskeyDialog, PasswordDialog } from './people/account-dialogs.js';
import { CallInviteDialog } from './people/call-bar.js';
import { ConfirmSelfDialog } from './people/confirm-self.js';
import { ConvArchiveDialog, ConvEditDialog, ConvLeaveDialog, ConvRoomDialog } from './people/conv-room.js';
import { ConvLinksDialog } from './people/conv-room-links.js';
import { LockedDialog } from './people/conv-room-lock.js';
import { ConvMembersDialog } from './people/conv-room-members.js';
import { TokenDialog } from './people/own-data.js';
import { PictureDialog, RoomPictureDialog } from './people/picture-dialog.js';
import { PublicRoomsDialog } from './people/public-rooms.js';
import { CertificateDialog } from './certificate.js';
import { CreateDialog } from './create-dialog.js';
import { HelpDialog } from './help.js';
import { MergeDialog, RoomDialog } from './room-dialog.js';
import { NetworkDialog } from './network.js';
import { ProgramsDialog } from './order/programs.js';
import { RulesDialog } from './order/rules.js';
import { OtherTabDialog } from './other-tab.js';
import { PermissionDialog } from './permission.js';
import { RecordDialog, RecordedDialog } from './recording.js';
import { SettingsDialog } from './settings.js';
import { ShareDialog } from './share.js';

const DIALOGS = {
  settings: SettingsDialog, share: ShareDialog, help: HelpDialog, create: CreateDialog, room: RoomDialog,
  merge: MergeDialog, permission: PermissionDialog, certificate: CertificateDialog,
  password: PasswordDialog, 'new-codes': NewCodesDialog, delete: DeleteDialog, block: BlockDialog,
  passkey: PasskeyDialog, picture: PictureDialog, 'call-invite': CallInviteDialog,
  'conv-room': ConvRoomDialog, 'conv-members': ConvMembersDialog, 'conv-leave': ConvLeaveDialog,
  'conv-edit': ConvEditDialog, 'conv-links': ConvLinksDialog, 'conv-archive': ConvArchiveDialog,
  'conv-picture': RoomPictureDialog, 'public-rooms': PublicRoomsDialog, token: TokenDialog, network: NetworkDialog,
  order: RulesDialog, programs: ProgramsDialog,
  record: RecordDialog, recorded: RecordedDialog,
};

export function Dialogs() {
  const { state, ui, setUi } = useApp();
  if (state.prejoin?.otherTab) return html`<${OtherTabDialog} />`;
  if (state.account.codes) return html`<${CodesDialog} />`;
  const One = ui.dialog ? DIALOGS[ui.dialog] : null;
  return html`${One && html`<${One} key=${ui.dialog} close=${() => setUi({ dialog: null })} />`}
    ${state.stay.locked && html`<${LockedDialog} />`}
    ${state.account.confirming && html`<${ConfirmSelfDialog} />`}`;
}
