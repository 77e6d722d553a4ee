"""A real SSH connection on the loopback: the console runs in the session's terminal, as on a bastion."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Coroutine, Mapping, Sequence
from typing import Final, Self, TypeVar

import asyncssh

from tests.end_to_end.display import PATIENCE, Display
from tests.end_to_end.terminal import Seat, Spawned, spawn

HOST: Final = "127.0.0.1"
Answer = TypeVar("Answer")


class Loop:
    """An event loop in a thread of its own, so that a test can wait for the screen in plain sequence."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[object, object, Answer]) -> Answer:
        """What the coroutine gives."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE)

    def close(self) -> None:
        """End the loop and its thread."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE)
        self._loop.close()


class Bastion:
    """A host that gives every session one program in a pseudo-terminal. Host and client key are made for it alone."""

    def __init__(self, argv: Sequence[str], env: Mapping[str, str]) -> None:
        self.client_key = asyncssh.generate_private_key("ssh-ed25519")
        self.host_key = asyncssh.generate_private_key("ssh-ed25519")
        self.programs: list[Spawned] = []
        self._argv, self._env = argv, env
        self._loop = Loop()
        self._server = self._loop.run(self._listen())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.run(self._shut())
        self._loop.close()
        for program in self.programs:
            if program.process.poll() is None:
                program.process.kill()
            program.process.wait(PATIENCE)

    def connect(self, columns: int = 120, rows: int = 36) -> Session:
        """Open a session, as `ssh -t bastion` does."""
        return Session(self._loop, self._server.get_port(), self, columns, rows)

    async def _listen(self) -> asyncssh.SSHAcceptor:
        return await asyncssh.listen(
            HOST,
            0,
            server_host_keys=[self.host_key],
            authorized_client_keys=asyncssh.import_authorized_keys(self.client_key.export_public_key().decode()),
            process_factory=self._serve,
            encoding=None,
            line_editor=False,
        )

    async def _shut(self) -> None:
        self._server.close()
        await self._server.wait_closed()

    async def _serve(self, session: asyncssh.SSHServerProcess[bytes]) -> None:
        """Run the program for as long as it or the connection lasts; a lost line hangs up, as sshd's does."""
        columns, rows, _, _ = session.term_size
        peer, here = session.get_extra_info("peername"), session.get_extra_info("sockname")
        program = spawn(self._argv, self._env, columns, rows, over_ssh=f"{peer[0]} {peer[1]} {here[0]} {here[1]}")
        self.programs.append(program)
        loop = asyncio.get_running_loop()
        typing = asyncio.ensure_future(_type(session, program))

        def forward() -> None:
            try:
                data = os.read(program.master, 65536)
            except OSError:  # how Linux says that nobody has the other end open any more
                data = b""
            if data:
                session.stdout.write(data)
            else:
                typing.cancel()

        loop.add_reader(program.master, forward)
        await asyncio.wait({typing})
        loop.remove_reader(program.master)
        os.close(program.master)
        session.exit(await asyncio.to_thread(program.process.wait, PATIENCE))


async def _type(session: asyncssh.SSHServerProcess[bytes], program: Spawned) -> None:
    """Hand on what is typed and how the window changes, until the connection is gone."""
    while True:
        try:
            data = await session.stdin.read(65536)
        except asyncssh.TerminalSizeChanged as change:
            program.resize(change.width, change.height)
            continue
        except (asyncssh.Error, OSError):
            return
        if not data:
            return
        os.write(program.master, data)


class Session(Seat):
    """The operator's end: a client with a terminal that shows what comes."""

    def __init__(self, loop: Loop, port: int, bastion: Bastion, columns: int, rows: int) -> None:
        self.display = Display(columns, rows)
        self._loop = loop
        self._connection, self._process = loop.run(self._open(port, bastion, columns, rows))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.drop()

    def send(self, text: str) -> None:
        self._loop.run(self._write(text.encode()))

    def resize(self, columns: int, rows: int) -> None:
        """Drag the window to another size; SSH tells the other side."""
        self.display.resize(columns, rows)
        self._loop.run(self._change_size(columns, rows))

    def drop(self) -> None:
        """Lose the line: no goodbye, as when a train enters a tunnel."""
        self._loop.run(self._abort())

    def wait_for_exit(self) -> int | None:
        """The program's exit code, as SSH reports it."""
        return self._loop.run(self._ended())

    async def _open(
        self, port: int, bastion: Bastion, columns: int, rows: int
    ) -> tuple[asyncssh.SSHClientConnection, asyncssh.SSHClientProcess[bytes]]:
        connection = await asyncssh.connect(
            HOST,
            port,
            known_hosts=asyncssh.import_known_hosts(f"[{HOST}]:{port} {bastion.host_key.export_public_key().decode()}"),
            client_keys=[bastion.client_key],
            username="operator",
            config=None,
            agent_path=None,
        )
        process = await connection.create_process(term_type="xterm-256color", term_size=(columns, rows), encoding=None)
        self._showing = asyncio.ensure_future(self._show(process))
        return connection, process

    async def _show(self, process: asyncssh.SSHClientProcess[bytes]) -> None:
        while data := await process.stdout.read(65536):
            if answer := self.display.feed(data):
                process.stdin.write(answer)
        self.display.end()

    async def _write(self, data: bytes) -> None:
        self._process.stdin.write(data)

    async def _change_size(self, columns: int, rows: int) -> None:
        self._process.change_terminal_size(columns, rows)

    async def _abort(self) -> None:
        self._connection.abort()
        await self._connection.wait_closed()
        self._showing.cancel()

    async def _ended(self) -> int | None:
        await self._process.wait_closed()
        return self._process.exit_status
