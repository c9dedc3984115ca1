"""One evaluation among many: takes what other files share from the memory of its process, and gives to it."""

from __future__ import annotations

from envd_cache.check.memory import Shared
from envd_cache.check.targets import placeholder
from envd_cache.diagnostics import Result
from envd_cache.evaluate.answers import Answers
from envd_cache.evaluate.loader import Files
from envd_cache.evaluate.model import CallSite
from envd_cache.evaluate.recorder import Recorder
from envd_cache.evaluate.run import Run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Container, Mapping, Sequence

    from envd_cache.check.memory import Memory
    from envd_cache.check.world import World
    from envd_cache.config import Root
    from envd_cache.evaluate.dialect import Prepared
    from envd_cache.evaluate.engine import Engine, Module
    from envd_cache.evaluate.facts import Answer
    from envd_cache.evaluate.model import Facts, Frame, RecordedCall
    from envd_cache.source import SourceFile, Target


class _Sources(dict[str, "Prepared"]):
    """The prepared files of a run, with a length that makes each of `Run`'s ids of files a new one.

    An id is used once in the life of a process, because modules outlive the run that made them.
    """

    made = 0

    def __setitem__(self, file: str, prepared: Prepared) -> None:
        _Sources.made += 1
        super().__setitem__(file, prepared)

    def __len__(self) -> int:
        return _Sources.made


class _Files(Files):
    """The files of a run, of which the build file has been read."""

    def __init__(self, memory: Memory, folder: str, start: str, path: str, source: SourceFile) -> None:
        self.folder = folder
        self._real_root = memory.world.real_folder(folder)
        self._start = start
        self._start_folder = path.rpartition("/")[0] or "/"
        self._read = {start: Result(source), path: Result(source)}
        self._memory = memory

    def read(self, path: str) -> Result[SourceFile | None]:
        """Return a file's text, noting before how the file was."""
        known = self._read.get(path)
        if known is not None:
            return known
        self._memory.stamp(self._memory.absolute(path))
        return super().read(path)


class CheckRecorder(Recorder):
    """Answers as a compile does, but for what nobody knows: a check runs anywhere.

    The calls of the builtins in `with_places` come with their places. `again` runs the target once more and
    returns the sites of all calls, in order; it is called when somebody asks for those of another one.
    """

    def __init__(
        self,
        memory: Memory,
        label: str,
        folder: str,
        with_places: Container[str],
        again: Callable[[], Sequence[CallSite]],
    ) -> None:
        super().__init__(label, memory.facts, folder)
        self.prepared = _Sources()
        self.asked: dict[tuple[str, str], None] = {}
        self.invented: set[str] = set()
        self.sites: list[CallSite] = []
        self._world = memory.world
        self._with_places = with_places
        self._again = again

    def _site(self, function: str, frames: str) -> CallSite:
        number = len(self.sites)
        site = super()._site(function, frames)
        if function not in self._with_places:
            site = CallSite(lambda: self._frames_of(number))
        self.sites.append(site)
        return site

    def _frames_of(self, number: int) -> tuple[Frame, ...]:
        sites = self._again()
        # Fewer, if somebody changed a file meanwhile.
        return sites[number].frames if number < len(sites) else ()

    def release(self) -> None:
        """Let go of everything, so that no circle is left."""
        self.calls.clear()
        self.facts_read.clear()
        self.prepared.clear()
        self.sites.clear()
        self._again = tuple

    def _answers(self) -> Answers:
        return CheckAnswers(self, self._world, self._label, self._facts, self._folder)


class CheckAnswers(Answers):
    """Answers of which each is found out once for all files, and that invents what nobody knows."""

    def __init__(self, recorder: CheckRecorder, world: World, label: str, facts: Facts, folder: str) -> None:
        super().__init__(label, facts, folder, recorder.facts_read, recorder.diagnostics)
        self._asked = recorder.asked
        self._invented = recorder.invented
        self._world = world

    def known_fact(self, name: str, values: Mapping[str, object], call: RecordedCall) -> str:
        """Return what is known, or a text that nobody else makes."""
        if name != "target":
            argument = str(values.get("name", ""))
            self._asked[name, argument] = None
            needed = "default" not in values and name != "branch"
            if needed and self._world.answer(name, argument, self.folder) is None:
                made = placeholder(argument or name)
                self._invented.add(made)
                return made
        return super().known_fact(name, values, call)

    def of_world(self, name: str) -> Answer | None:
        """Return what the world says, which is asked once a repository."""
        return self._world.answer(name, "", self.folder)


class CheckRun(Run):
    """A run that takes from the memory of its process, and gives to it.

    `again` runs the target of a run once more, with all places, and returns the sites of all calls.
    `inputs` are the absolute paths that were read. `whole` says that nothing else was looked at: no file
    was missing, no clone was read.
    """

    recorder: CheckRecorder

    def __init__(
        self,
        memory: Memory,
        engine: Engine,
        target: Target,
        label: str,
        root: Root,
        *,
        source: SourceFile,
        path: str,
        max_calls: int,
        with_places: Container[str],
        again: Callable[[CheckRun], Sequence[CallSite]],
    ) -> None:
        folder = path.rpartition("/")[0] or "/"
        super().__init__(
            engine,
            target,
            label,
            root,
            memory.facts,
            max_calls=max_calls,
            path=path,
            files=_Files(memory, root.folder, target.path, path, source),
            recorder=CheckRecorder(memory, label, folder, with_places, self._placed),
        )
        self.source = source
        self.inputs: dict[str, None] = {}
        self.whole = True
        self._memory = memory
        self._again = again
        self._made_of: dict[str, tuple[str, ...]] = {}
        self._of_this_run = 0  # modules that another run would have to make anew
        self._sites: Sequence[CallSite] | None = None

    def _placed(self) -> Sequence[CallSite]:
        if self._sites is None:
            self._sites = self._again(self)
        return self._sites

    def _module_of(self, source: SourceFile, path: str) -> Module | None:
        recorder = self.recorder
        shared = self._memory.shared.get(path)
        if shared is not None:
            for file, prepared in shared.prepared.items():
                dict.__setitem__(recorder.prepared, file, prepared)
            self.inputs.update(dict.fromkeys(shared.inputs))
            return shared.module
        real = self._memory.world.real(path)
        if real in self._modules:
            # What kept it from being shared does so with what loads it again, under whatever name.
            self._of_this_run += 1
            self._memory.keep(path, source.text)
            self.inputs.update(dict.fromkeys((path, *self._made_of[real])))
            return self._modules[real]
        self._memory.keep(path, source.text)
        before, files = self._recorded(), set(recorder.prepared)
        if "include" in source.text:
            self.whole = False
            self._of_this_run += 1
        if "_build_context_dir" in source.text:
            self._of_this_run += 1
        outer, self.inputs = self.inputs, {path: None}
        self._loading.append(real)
        module = self._evaluate_file(source)
        self._loading.pop()
        self._modules[real] = module
        self._made_of[real] = tuple(self.inputs)
        if module is not None and self._recorded() == before:
            own = {file: found for file, found in recorder.prepared.items() if file not in files}
            self._memory.shared[path] = Shared(module, own, tuple(self.inputs))
        outer.update(self.inputs)
        self.inputs = outer
        return module

    def _load(self, module_id: str, importer: SourceFile) -> Module | None:
        key = module_id, "" if module_id.startswith("//") else importer.label, self.root.folder
        path = self._memory.loaded.get(key)
        if path is not None and path in self._memory.shared:
            return self._module_of(importer, path)
        resolved = self.files.resolve(module_id, importer)
        module = super()._load(module_id, importer)
        if module is None:
            self.whole = False
        else:
            self._memory.loaded[key] = resolved.value
        return module

    def _call(self, module: Module, function: str, source: SourceFile) -> None:
        if function:
            super()._call(module, function, source)

    def _call_defaults(self, defaults: str) -> None:
        super()._call_defaults(defaults)
        # Its file was missing, lies elsewhere, or is broken.
        self.whole = self.whole and bool(self.by_default)

    def _recorded(self) -> tuple[int, ...]:
        recorder = self.recorder
        return (
            len(recorder.calls),
            len(recorder.asked),
            len(recorder.facts_read),
            len(recorder.printed),
            len(recorder.diagnostics),
            self._of_this_run,
        )
