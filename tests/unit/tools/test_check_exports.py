# SPDX-License-Identifier: Apache-2.0
"""The export check compares a real library with its headers, in both directions."""

import subprocess
from pathlib import Path

import check_exports

API = '#define SB_API __attribute__((visibility("default")))\n'


def problems(root: Path, header: str, source: str) -> list[str]:
    (root / "x.h").write_text(header)
    library = root / "libx.so"
    subprocess.run(
        ["gcc", "-shared", "-fPIC", "-fvisibility=hidden", "-x", "c", "-", "-o", str(library)],
        input=API + source,
        text=True,
        check=True,
    )
    return check_exports.check(library, root)


def test_accepts_a_library_that_keeps_its_promises(tmp_path: Path) -> None:
    header = """
        #ifdef __cplusplus
        extern "C" {
        #endif
        struct sb_x { int (*call)(int sb_n); };
        /* SB_API int sb_comment(void); */
        typedef int (*sb_callback)(void *context);
        SB_API __attribute__((nonnull(1))) struct sb_x *
        sb_x_create(struct sb_x *parent);
        SB_API extern const char *const sb_names[3];
        static inline int sb_x_inline(void) { if (1) { return 2; } return 1; }
        SB_API void sb_x_destroy(struct sb_x *x);
    """
    source = """
        SB_API void *sb_x_create(void *p) { return p; }
        SB_API void sb_x_destroy(void *p) {}
        SB_API const char *const sb_names[3] = {0};
        void sb_hidden(void) {}
    """
    assert problems(tmp_path, header, source) == []


def test_finds_a_promise_that_is_not_kept(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, "SB_API void sb_x(void);\n", "void sb_x(void) {}\n")
    assert "declares sb_x, which libx.so does not export" in problem


def test_finds_an_export_that_nobody_declared(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, "", "SB_API void sb_x(void) {}\n")
    assert "exports sb_x, which no header" in problem


def test_finds_a_public_function_without_its_mark(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, "void sb_x(int (*call)(void));\n", "")
    assert "sb_x() lacks SB_API" in problem
