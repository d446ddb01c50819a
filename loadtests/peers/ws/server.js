// Fan-out with Node and `ws`: a set of sockets for each room, and a loop over it.
import { WebSocketServer } from "ws";

const rooms = new Map();
const server = new WebSocketServer({ host: "127.0.0.1", port: 0, perMessageDeflate: false, backlog: 4096 });
server.on("connection", (socket, request) => {
  const name = new URL(request.url, "ws://peer").searchParams.get("room");
  if (!rooms.has(name)) rooms.set(name, new Set());
  const room = rooms.get(name).add(socket);
  socket.on("message", (message) => {
    for (const member of room) member.send(message, { binary: false });
  });
  socket.on("close", () => room.delete(socket));
  socket.on("error", () => socket.terminate());
});
server.on("listening", () => console.log(`listening ${server.address().port}`));
