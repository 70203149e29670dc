// What is still called experimental: the older name of WebSockets, and streams.
import { WebSocket } from 'k6/experimental/websockets';
import { ReadableStream } from 'k6/experimental/streams';
import { check } from 'k6';

export const options = { iterations: 2, thresholds: { checks: ['rate==1'], ws_sessions: ['count==2'] } };

export default async function () {
  const stream = new ReadableStream({
    start(controller) {
      ['a', 'b', 'c'].forEach((letter) => controller.enqueue(letter));
      controller.close();
    },
  });
  let text = '';
  const reader = stream.getReader();
  for (let { done, value } = await reader.read(); !done; { done, value } = await reader.read()) {
    text += value;
  }
  check(text, { 'a stream is read to its end': (s) => s === 'abc' });
  const said = await new Promise((resolve, reject) => {
    const socket = new WebSocket(`${__ENV.URL.replace('http', 'ws')}/ws`);
    socket.onopen = () => socket.send('hello');
    socket.onmessage = (event) => {
      socket.close();
      resolve(event.data);
    };
    socket.onerror = reject;
  });
  check(said, { 'the socket answers': (s) => s === 'hello' });
}
