"""A TCP proxy that breaks one connection at a chosen byte, for tests of what a store does about it."""

import socket
import struct
import threading

MODES = ("close", "reset", "half-client", "half-server", "stall")


class Proxy:
    """Forwards 127.0.0.1 to a port; at byte `at` (both directions together) one connection breaks, later ones are whole.

    close: both ends are closed in order. reset: both get an RST. half-client, half-server: only that end gets an RST, the
    other one hears nothing any more, which leaves a server its open transaction. stall: nobody hears anything.
    """

    def __init__(self, port, at=None, mode="close"):
        self.target, self.at, self.mode = port, at, mode
        self.count, self.fired, self.lock, self.sockets = 0, threading.Event(), threading.Lock(), []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
                server = socket.create_connection(("127.0.0.1", self.target))
            except OSError:
                return
            for s in (client, server):
                s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                s.settimeout(0.05)  # nobody blocks in a read, so that closing closes at once
            self.sockets += [client, server]
            broken = threading.Event()
            for source, target in ((client, server), (server, client)):
                threading.Thread(target=self._pump, args=(source, target, client, server, broken), daemon=True).start()

    def _pump(self, source, target, client, server, broken):
        try:
            while not broken.is_set():
                try:
                    data = source.recv(65536)
                except TimeoutError:
                    continue
                if not data:
                    break
                with self.lock:
                    start, self.count = self.count, self.count + len(data)
                    fire = self.at is not None and self.count > self.at and not self.fired.is_set()
                    if fire:
                        self.fired.set()
                if fire:
                    broken.set()
                    self._send(target, data[: max(self.at - start, 0)])
                    self._break(client, server)
                    return
                self._send(target, data)
        except OSError:
            pass
        if not broken.is_set():
            for s in (source, target):
                self._quietly(s.shutdown, socket.SHUT_RDWR)

    def _send(self, target, data):
        target.settimeout(30)
        target.sendall(data)
        target.settimeout(0.05)

    def _break(self, client, server):
        ends = {
            "close": (client, server),
            "reset": (client, server),
            "half-client": (client,),
            "half-server": (server,),
            "stall": (),
        }
        for s in ends[self.mode]:
            if self.mode != "close":
                s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self._quietly(s.close)

    def _quietly(self, call, *args):
        try:
            call(*args)
        except OSError:
            pass

    def close(self):
        """Let go of everything."""
        for s in [self.listener, *self.sockets]:
            self._quietly(s.close)
