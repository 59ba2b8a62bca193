"""A file system that forgets what was not synced: `python lossyfs.py BACKING MOUNT`; kill it for a power cut.

Writes live in memory until fsync or fdatasync puts them into the backing folder. Told
to by SIGUSR1, it first puts a random part of the rest there, as a disk does that was
writing when the power went, and ends. Names of files are kept at once.

Run by the tools' environment, which has mfusepy; nothing here imports the project.
"""

import errno
import os
import random
import signal
import sys
import threading

import mfusepy

Write = tuple[int, bytes | None]


class Lossy(mfusepy.Operations):
    """Remembers for each file what was written and not synced, in order."""

    use_ns = True

    def __init__(self, root: str) -> None:
        self.root = root
        self.contents: dict[str, bytearray] = {}
        self.unsynced: dict[str, list[Write]] = {}
        self.guard = threading.RLock()

    def _real(self, path: str) -> str:
        return self.root + path

    def _load(self, path: str) -> bytearray:
        if path not in self.contents:
            with open(self._real(path), "rb") as file:
                self.contents[path] = bytearray(file.read())
        return self.contents[path]

    def getattr(self, path, fh=None):
        about = os.lstat(self._real(path))
        found = {
            name: getattr(about, name) for name in ("st_mode", "st_nlink", "st_uid", "st_gid", "st_size")
        }
        for name in ("st_atime", "st_mtime", "st_ctime"):
            found[name] = int(getattr(about, name) * 1e9)
        if path in self.contents:
            found["st_size"] = len(self.contents[path])
        return found

    def readdir(self, path, fh):
        return [".", "..", *os.listdir(self._real(path))]

    def create(self, path, mode, fi=None):
        os.close(os.open(self._real(path), os.O_CREAT | os.O_WRONLY, mode))
        self._load(path)
        return 0

    def open(self, path, flags):
        if not os.path.exists(self._real(path)):
            raise mfusepy.FuseOSError(errno.ENOENT)
        self._load(path)
        return 0

    def read(self, path, size, offset, fh):
        with self.guard:
            return bytes(self._load(path)[offset : offset + size])

    def write(self, path, data, offset, fh):
        with self.guard:
            content = self._load(path)
            if len(content) < offset:
                content.extend(b"\0" * (offset - len(content)))
            content[offset : offset + len(data)] = data
            self.unsynced.setdefault(path, []).append((offset, bytes(data)))
            return len(data)

    def truncate(self, path, length, fh=None):
        with self.guard:
            content = self._load(path)
            if len(content) > length:
                del content[length:]
            else:
                content.extend(b"\0" * (length - len(content)))
            self.unsynced.setdefault(path, []).append((length, None))
            return 0

    def fsync(self, path, datasync, fh):
        with self.guard:
            self._put(path, self.unsynced.pop(path, []))
            return 0

    def _put(self, path: str, writes: list[Write]) -> None:
        file = os.open(self._real(path), os.O_WRONLY)
        for offset, data in writes:
            if data is None:
                os.ftruncate(file, offset)
            else:
                os.pwrite(file, data, offset)
        os.close(file)

    def lose_power(self, *_: object) -> None:
        """Keep some of what was not synced, in the order in which it was written, and go."""
        chance = random.Random(os.environ.get("SEED"))
        with self.guard:
            for path, writes in self.unsynced.items():
                if os.path.exists(self._real(path)):
                    self._put(path, writes[: chance.randint(0, len(writes))])
        os._exit(1)

    def flush(self, path, fh):
        return 0

    def release(self, path, fh):
        return 0

    def fsyncdir(self, path, datasync, fh):
        return 0

    def unlink(self, path):
        self.contents.pop(path, None)
        self.unsynced.pop(path, None)
        os.unlink(self._real(path))
        return 0

    def rename(self, old, new):
        for known in (self.contents, self.unsynced):
            known.pop(new, None)
            if old in known:
                known[new] = known.pop(old)
        os.rename(self._real(old), self._real(new))
        return 0

    def mkdir(self, path, mode):
        os.mkdir(self._real(path), mode)
        return 0

    def rmdir(self, path):
        os.rmdir(self._real(path))
        return 0

    def mknod(self, path, mode, device):
        os.mknod(self._real(path), mode, device)
        return 0

    def chmod(self, path, mode):
        os.chmod(self._real(path), mode)
        return 0

    def chown(self, path, uid, gid):
        return 0

    def utimens(self, path, times=None):
        return 0

    def statfs(self, path):
        about = os.statvfs(self.root)
        names = ("f_bavail", "f_bfree", "f_blocks", "f_bsize", "f_files", "f_ffree", "f_frsize", "f_namemax")
        return {name: getattr(about, name) for name in names}


if __name__ == "__main__":
    backing, mount = map(os.path.abspath, sys.argv[1:3])  # absolute: libfuse changes the directory
    lossy = Lossy(backing)
    signal.signal(signal.SIGUSR1, lossy.lose_power)
    mfusepy.FUSE(lossy, mount, foreground=True, nothreads=True)
