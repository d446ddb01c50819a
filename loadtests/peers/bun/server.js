// Fan-out as Bun does it best: its own publish, which is uWebSockets' in C++. Run by Bun.
const server = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  fetch(request, server) {
    const room = new URL(request.url).searchParams.get("room");
    return server.upgrade(request, { data: { room } }) ? undefined : new Response(null, { status: 400 });
  },
  websocket: {
    perMessageDeflate: false,
    open: (socket) => socket.subscribe(socket.data.room),
    message: (socket, message) => server.publish(socket.data.room, message),
  },
});
console.log(`listening ${server.port}`);
