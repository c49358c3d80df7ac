"""The file types that `grep` knows by name, with the globs of their files' names.

The globs of ripgrep's own names are those of ripgrep 14 (`rg --type-list`); the other names are
what models say besides.
"""

from ..errors import ToolError

RIPGREP_TYPES = {
    "asm": "*.S *.asm *.s",
    "awk": "*.awk",
    "bazel": "*.BUILD *.bazel *.bazelrc *.bzl BUILD MODULE.bazel WORKSPACE WORKSPACE.bazel",
    "c": "*.[chH] *.[chH].in *.cats",
    "clojure": "*.clj *.cljc *.cljs *.cljx",
    "cmake": "*.cmake CMakeLists.txt",
    "config": "*.cfg *.conf *.config *.ini",
    "cpp": (
        "*.[ChH] *.[ChH].in *.[ch]pp *.[ch]pp.in *.[ch]xx *.[ch]xx.in *.cc *.cc.in *.hh "
        "*.hh.in *.inl"
    ),
    "cs": "*.cs",
    "css": "*.css *.scss",
    "csv": "*.csv",
    "d": "*.d",
    "dart": "*.dart",
    "diff": "*.diff *.patch",
    "docker": "*Dockerfile*",
    "elixir": "*.eex *.ex *.exs *.heex *.leex *.livemd",
    "elm": "*.elm",
    "erlang": "*.erl *.hrl",
    "fish": "*.fish",
    "go": "*.go",
    "gradle": "*.gradle *.gradle.kts gradle-wrapper.* gradle.properties gradlew gradlew.bat",
    "graphql": "*.graphql *.graphqls",
    "groovy": "*.gradle *.groovy",
    "h": "*.h *.hh *.hpp",
    "haskell": "*.c2hs *.cpphs *.hs *.hsc *.lhs",
    "html": "*.ejs *.htm *.html",
    "java": "*.java *.jsp *.jspx *.properties",
    "jinja": "*.j2 *.jinja *.jinja2",
    "js": "*.cjs *.js *.jsx *.mjs *.vue",
    "json": "*.json *.sarif composer.lock",
    "jsonl": "*.jsonl",
    "julia": "*.jl",
    "jupyter": "*.ipynb *.jpynb",
    "kotlin": "*.kt *.kts",
    "less": "*.less",
    "log": "*.log",
    "lua": "*.lua",
    "make": (
        "*.mak *.mk [Gg][Nn][Uu]makefile [Gg][Nn][Uu]makefile.am [Gg][Nn][Uu]makefile.in "
        "[Mm]akefile [Mm]akefile.am [Mm]akefile.in"
    ),
    "markdown": "*.markdown *.md *.mdown *.mdwn *.mdx *.mkd *.mkdn",
    "nim": "*.nim *.nimble *.nimf *.nims",
    "nix": "*.nix",
    "objc": "*.h *.m",
    "ocaml": "*.ml *.mli *.mll *.mly",
    "perl": "*.PL *.perl *.pl *.plh *.plx *.pm *.t",
    "php": "*.php *.php3 *.php4 *.php5 *.php7 *.php8 *.pht *.phtml",
    "protobuf": "*.proto",
    "ps": "*.cdxml *.ps1 *.ps1xml *.psd1 *.psm1",
    "py": "*.py *.pyi",
    "r": "*.R *.Rmd *.Rnw *.r",
    "rst": "*.rst",
    "ruby": "*.gemspec *.rb *.rbw .irbrc Gemfile Rakefile config.ru",
    "rust": "*.rs",
    "sass": "*.sass *.scss",
    "scala": "*.sbt *.scala",
    "sh": (
        "*.bash *.bashrc *.csh *.cshrc *.ksh *.kshrc *.sh *.tcsh *.zsh .bash_login "
        ".bash_logout .bash_profile .bashrc .cshrc .kshrc .login .logout .profile .tcshrc "
        ".zlogin .zlogout .zprofile .zshenv .zshrc bash_login bash_logout bash_profile "
        "bashrc profile zlogin zlogout zprofile zshenv zshrc"
    ),
    "solidity": "*.sol",
    "sql": "*.psql *.sql",
    "svelte": "*.svelte",
    "svg": "*.svg",
    "swift": "*.swift",
    "tcl": "*.tcl",
    "tex": "*.bib *.cls *.dtx *.ins *.ltx *.sty *.tex",
    "tf": (
        "*.auto.tfvars *.auto.tfvars.json *.terraform.lock.hcl *.terraformrc *.tf "
        "*.tf.json *.tfrc terraform.rc terraform.tfvars terraform.tfvars.json"
    ),
    "toml": "*.toml Cargo.lock",
    "ts": "*.cts *.mts *.ts *.tsx",
    "txt": "*.txt",
    "verilog": "*.sv *.svh *.v *.vh",
    "vim": "*.vim .gvimrc .vimrc _gvimrc _vimrc gvimrc vimrc",
    "vue": "*.vue",
    "xml": "*.dtd *.rng *.sch *.xhtml *.xjb *.xml *.xml.dist *.xsd *.xsl *.xslt",
    "yaml": "*.yaml *.yml",
    "zig": "*.zig",
    "zsh": "*.zsh .zlogin .zlogout .zprofile .zshenv .zshrc zlogin zlogout zprofile zshenv zshrc",
}
"""Type -> globs, separated by spaces."""

_ALSO = {
    "bash": RIPGREP_TYPES["sh"],
    "csharp": RIPGREP_TYPES["cs"],
    "golang": RIPGREP_TYPES["go"],
    "ipynb": RIPGREP_TYPES["jupyter"],
    "javascript": RIPGREP_TYPES["js"],
    "jsx": "*.jsx",
    "md": RIPGREP_TYPES["markdown"],
    "proto": RIPGREP_TYPES["protobuf"],
    "python": RIPGREP_TYPES["py"],
    "rb": RIPGREP_TYPES["ruby"],
    "rs": RIPGREP_TYPES["rust"],
    "scss": "*.scss",
    "shell": RIPGREP_TYPES["sh"],
    "terraform": RIPGREP_TYPES["tf"],
    "text": RIPGREP_TYPES["txt"],
    "tsx": "*.tsx",
    "typescript": RIPGREP_TYPES["ts"],
    "yml": RIPGREP_TYPES["yaml"],
}


def type_globs(name: str) -> tuple[str, ...]:
    """The globs of a type; none if it is not known."""
    return tuple((RIPGREP_TYPES.get(name) or _ALSO.get(name, "")).split())


def unknown_type(name: str) -> ToolError:
    """The error for a type that nobody knows."""
    known = ", ".join(sorted({*RIPGREP_TYPES, *_ALSO}))
    return ToolError(
        "other", f"Unknown type {name!r}: filter by `glob` instead, as in '*.ext'. Known: {known}."
    )
