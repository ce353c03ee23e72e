// The rooms panel: one socket on /rooms/NAME. Uses byId, nameOf and log of page.js.
'use strict';

let room = null; // { ws, name, welcome } from joining to the end of its socket

const countOf = (count) => `${count} ${count === 1 ? 'member' : 'members'}`;
const logRoom = (text) => log(text, byId('room-events'));

function showState(text, http = '') {
  const state = byId('room-state');
  state.textContent = text;
  state.dataset.http = http;
}

/* |inside|: welcomed, so that there is something to say it to. */
function enableRoom(joined, inside) {
  byId('room-name').disabled = joined;
  byId('room-join').disabled = joined;
  byId('room-leave').disabled = !joined;
  byId('room-text').disabled = !inside;
  byId('room-send').disabled = !inside;
}

function showRoom(count) {
  const { name, welcome } = room;
  showState(`In ${name} as member ${welcome.id}, over ${nameOf(welcome.http)}: ${countOf(count)}.`,
    welcome.http);
}

const whoIs = (id) => `Member ${id}${id === room.welcome.id ? ' (you)' : ''}`;

const onEvent = {
  welcome(event) {
    room.welcome = event;
    showRoom(event.count);
    enableRoom(true, true);
    byId('room-text').focus();
    logRoom(`You are member ${event.id} in ${room.name}, and your socket came over ${nameOf(event.http)}.`);
  },
  join(event) {
    showRoom(event.count);
    logRoom(`${whoIs(event.id)} joined: ${countOf(event.count)}`);
  },
  leave(event) {
    showRoom(event.count);
    logRoom(`${whoIs(event.id)} left: ${countOf(event.count)}`);
  },
  message(event) {
    logRoom(`${whoIs(event.id)}: ${event.text}`);
  },
};

/* A text is an event of the server. What a member sent as binary comes as it is. */
function receive(data) {
  if (typeof data !== 'string') {
    logRoom(`Somebody sent ${data.byteLength} bytes`);
    return;
  }
  const event = JSON.parse(data);
  if (room.welcome || event.event === 'welcome') {
    onEvent[event.event]?.(event);
  }
}

function endRoom(event) {
  const text = room.welcome
    ? `Left ${room.name} (${event.code}${event.reason ? ` ${event.reason}` : ''}).`
    : `${room.name} could not be joined (${event.code}): the room is full, or not served here.`;
  room = null;
  showState(text);
  logRoom(text);
  enableRoom(false, false);
}

function join(name) {
  const ws = new WebSocket(`wss://${location.host}/rooms/${encodeURIComponent(name)}`);
  ws.binaryType = 'arraybuffer';
  ws.onmessage = (event) => receive(event.data);
  ws.onclose = endRoom;
  room = { ws, name, welcome: null };
  showState(`Joining ${name} …`);
  enableRoom(true, false);
}

byId('room-form').addEventListener('submit', (event) => {
  event.preventDefault();
  if (!room) join(byId('room-name').value);
});

byId('room-leave').addEventListener('click', () => room?.ws.close(1000, 'left on the page'));

byId('room-say').addEventListener('submit', (event) => {
  event.preventDefault();
  const text = byId('room-text').value;
  if (text === '' || !room?.welcome || room.ws.readyState !== WebSocket.OPEN) return;
  room.ws.send(text);
  byId('room-text').value = '';
});
