# ruff: noqa: RUF001 - full-width marks are right in Chinese
"""The Chinese for every text that the tables of `README.zh-CN.md` show, by the text of the code."""

from __future__ import annotations

TEXTS: dict[str, str] = {
    # ---- joints ----
    " ": "",
    " and ": " 和 ",
    " or ": " 或 ",
    ", ": "、",
    "; ": "；",
    # ---- headings ----
    "All backends": "所有后端共有",
    "`key` is": "`key` 对应",
    "backend": "后端",
    "call": "调用",
    "command": "命令",
    "default": "默认值",
    "direction": "方向",
    "environment": "环境变量",
    "how a secret is written": "密钥的写法",
    "meaning": "含义",
    "of": "适用命令",
    "option": "选项",
    "other forms": "其他形式",
    "parameter": "参数",
    "reads": "导入",
    "set it with": "命令行设定",
    "since BuildKit": "BuildKit 版本起",
    "type": "类型",
    "what it does": "作用",
    "what it is": "内容",
    "what it warns about": "会给出警告的内容",
    "where the cache lies": "缓存位置",
    "writes": "导出",
    # ---- words ----
    "bool": "布尔",
    "both": "导出和导入",
    "experimental": "试验中",
    "export": "导出",
    "import": "导入",
    "int": "整数",
    "list of {type}s": "{type}列表",
    "nothing": "无",
    "required": "必填",
    "secret": "密钥",
    "string": "字符串",
    "the tag of {param}": "{param} 的 tag",
    "with {names}": "给出 {names} 时",
    "yes": "是",
    "{when}, as `{type}`": "{when}，类型为 `{type}`",
    # ---- what outputs warn about ----
    "a line end in a value": "值中的换行",
    "a schema is JSON in any case": "模式总是 JSON",
    "{marks} in a value": "值中的 {marks}",
    "more than one export": "多于一个导出",
    "more than one import": "多于一个导入",
    "{what} as an import": "导入 {what}",
    "{what} with `--driver {driver}`": "使用 `--driver {driver}` 时的 {what}",
    "{what} without {attributes}": "缺少 {attributes} 的 {what}",
    # ---- commands ----
    "evaluate a build file and write its caches for an engine": "执行构建文件，为某个引擎写出缓存设置",
    "tell in words what a target caches and why, or what a code such as EC102 means": (
        "用文字说明一个目标缓存了什么、为什么；或说明 EC102 这样的代码"
    ),
    "write a completion script for a shell": "写出 shell 的补全脚本",
    "write the JSON Schema of all cache declarations": "写出全部缓存声明的 JSON Schema",
    "run `envd build` with the declared caches, and tell what they did": (
        "用声明的缓存运行 `envd build`，并说明缓存的实际效果"
    ),
    "build as `build` does, then run `envd up`": "先像 `build` 那样构建，再运行 `envd up`",
    "run docker buildx, docker compose or buildctl with the declared caches, and tell what they did": (
        "用声明的缓存运行 docker buildx、docker compose 或 buildctl，并说明缓存的实际效果"
    ),
    "write a build file as envd itself can read it, without its caches": (
        "写出 envd 自己能读的构建文件，不含缓存声明"
    ),
    "take warnings for errors, and a cache that failed too": "把警告以及失败的缓存当作错误",
    "change a declaration: `=` sets a parameter, `+=` adds to it, an empty value takes it away": (
        "修改一个声明：`=` 设置参数，`+=` 追加，空值则去掉该参数"
    ),
    "the schema of the repository's configuration": "仓库配置的模式",
    "check all build files of a repository, and what their targets do to each other": (
        "检查仓库中的所有构建文件，以及各目标之间的影响"
    ),
    "mend what can be mended without changing what a file means": "修复那些不改变文件含义就能修复的问题",
    "mend more: what changes the caches, too": "修复更多，包括会改变缓存的修复",
    "show what --fix would change, and change nothing": "显示 --fix 会修改什么，但不修改",
    "list all targets with their caches": "列出所有目标及其缓存",
    "tell only what a change since a revision of git touches": "只报告自某个 git 版本以来的修改所涉及的内容",
    "exit with 1 from this on; default: warning": "从这一级别起以 1 退出；默认 warning",
    "neither read nor keep results of earlier runs": "既不读取也不保存以前运行的结果",
    "print the command in place of running it, secrets as $NAME": "只打印命令而不运行，密钥写作 $NAME",
    "run the language server for editors, on standard input and output": (
        "在标准输入输出上运行供编辑器使用的语言服务器"
    ),
    "try the server out on a build file and tell what it answers": (
        "用一个构建文件试运行服务器，并说明它的回答"
    ),
    "do not ask the engine first what it can do": "不预先询问引擎能做什么",
    "write what the caches did to a file, as JSON": "把缓存的实际效果以 JSON 写入文件",
    "the envd to run; default: the first on PATH": "要运行的 envd；默认为 PATH 中的第一个",
    "folder for the file and all that it loads": "存放该文件及其加载的所有文件的目录",
    "NUL-separated arguments in place of a shell line": "以 NUL 分隔的参数，代替 shell 命令行",
    "a fact the build file may ask for: branch, commit, pull_request, platform, target, env.NAME": (
        "构建文件可以询问的事实：branch、commit、pull_request、platform、target、env.NAME"
    ),
    "colour in messages; default: on a terminal": "信息是否带颜色；默认：在终端上带",
    "every target of the file, or with `//...` of the repository": (
        "文件中的所有目标；用 `//...` 时是整个仓库的所有目标"
    ),
    "folder of the build file; default: the current one": "构建文件所在目录；默认为当前目录",
    "how to write what was found": "结果的格式",
    "protobuf in place of JSON": "以 protobuf 代替 JSON",
    "stop the evaluation after this time; default: 10": "执行的时间上限，单位为秒；默认 10",
    "take warnings for errors": "把警告当作错误",
    "the buildx driver that will read the output": "将读取该输出的 buildx 驱动",
    "the imports as the value of a frontend's `cache-imports`": (
        "只写导入，作为前端属性 `cache-imports` 的值"
    ),
    "the output; default: llb": "输出；默认 llb",
    "the same as TARGET, for those used to envd": "与 TARGET 相同，方便 envd 用户",
    "write the values of secrets; never to a terminal": "写出密钥的值；不会写到终端",
    "write to a file, whole or not at all": "写入文件；要么完整写入，要么不写",
    # ---- outputs ----
    "BuildKit's `CacheOptions`, as JSON or protobuf": "BuildKit 的 `CacheOptions`，JSON 或 protobuf",
    "a file for `docker buildx bake`": "`docker buildx bake` 的文件",
    "a fragment for `docker compose build`": "`docker compose build` 的片段",
    "flags for `buildctl build`": "`buildctl build` 的参数",
    "flags for `docker buildx build`": "`docker buildx build` 的参数",
    "flags for `envd build` and `envd up`": "`envd build` 和 `envd up` 的参数",
    "inputs for `docker/build-push-action`": "`docker/build-push-action` 的输入",
    'named beside the attributes, `"Secrets": {…}`': '在属性旁边写出名字，`"Secrets": {…}`',
    "`${NAME}`, a variable of the file": "`${NAME}`，文件中的变量",
    # ---- facts ----
    "CI systems that are known: {names}.": "已知的 CI 系统：{names}。",
    "Return a handle to an environment variable that holds a credential, never its value.": (
        "返回一个引用，指向保存凭据的环境变量；绝不返回它的值。"
    ),
    (
        "Return a valid tag: other characters become `-`; a hash stands for letters that are not ASCII, "
        "and for what is behind 128 characters."
    ): "返回合法的 tag：其他字符变成 `-`；ASCII 以外的字母和超过 128 个字符的部分由一段哈希代替。",
    "Return an environment variable of whoever compiles; unset and no default is an error.": (
        "返回编译者的环境变量；未设置又没有默认值时报错。"
    ),
    "Return the branch that is built: from the CI system, else from git.": (
        "返回正在构建的分支：先问 CI 系统，再问 git。"
    ),
    "Return the full SHA of the commit that is built: from the CI system, else from git.": (
        "返回正在构建的提交的完整 SHA：先问 CI 系统，再问 git。"
    ),
    "Return the label of what is built, such as `//team/service:build`.": (
        "返回构建目标的标签，例如 `//team/service:build`。"
    ),
    'Return the number of the pull request that is built, or "".': (
        '返回正在构建的 pull request 编号；没有时为 ""。'
    ),
    "Return the platform that is built for, such as `linux/amd64`.": "返回目标平台，例如 `linux/amd64`。",
    "Say that this target has no cache on purpose.": "说明该目标有意不使用缓存。",
    # ---- backends ----
    "Amazon S3": "Amazon S3",
    "Azure Blob Storage": "Azure Blob Storage",
    "GitHub Actions": "GitHub Actions",
    "Inline": "Inline（内嵌）",
    "Local directory": "本地目录",
    "Registry": "Registry（镜像仓库）",
    "Keep the build cache in a bucket of Amazon S3, MinIO or another service with its API.": (
        "把构建缓存放在 Amazon S3、MinIO 或其他兼容服务的 bucket 中。"
    ),
    "Keep the build cache in a container of Azure Blob Storage.": (
        "把构建缓存放在 Azure Blob Storage 的 container 中。"
    ),
    "Keep the build cache in a container registry, apart from the image.": (
        "把构建缓存放在镜像仓库中，与镜像分开。"
    ),
    "Keep the build cache in a directory of the machine that runs the client.": (
        "把构建缓存放在客户端所在机器的目录中。"
    ),
    "Keep the build cache in the cache service of GitHub Actions.": (
        "把构建缓存放在 GitHub Actions 的缓存服务中。"
    ),
    "Keep the build cache inside the image that is pushed; only the layers of the result.": (
        "把构建缓存内嵌到被推送的镜像中；只有最终镜像的 layers。"
    ),
    # ---- parameters of several backends ----
    "Whether the cache is written, read, or both.": "缓存是写、是读，还是又写又读。",
    "Names of the cache in this place: the first is written, all are read, in this order.": (
        "缓存在该位置中的名字：写第一个，按顺序读全部。"
    ),
    '`key=[cache.branch(), "main"]` says "this branch, else main".': (
        '`key=[cache.branch(), "main"]` 表示“先用本分支，再用 main”。'
    ),
    "`min` keeps the layers of the result, `max` those of every step.": (
        "`min` 仅保存最终镜像的 layers，`max` 保存所有中间过程的 layers。"
    ),
    "BuildKit takes any other word for `min` and says nothing.": (
        "其他任何写法都被 BuildKit 当作 `min`，没有提示。"
    ),
    "Let the build succeed when the export fails.": "导出失败时仍让构建成功。",
    "Covers the upload, not a wrong configuration.": "只涉及上传，不涉及错误的配置。",
    "How new layers are compressed.": "新 layer 的压缩方式。",
    "Layers that exist already keep theirs, unless `force_compression` is set.": (
        "已有的 layer 保持原样，除非设置 `force_compression`。"
    ),
    "Compression level: 0 to 9 for gzip and estargz, 0 to 22 for zstd.": (
        "压缩级别：gzip 和 estargz 为 0 到 9，zstd 为 0 到 22。"
    ),
    "BuildKit itself fails at the end of the build for gzip, and clamps zstd without a word.": (
        "级别超出范围时，BuildKit 对 gzip 在构建结尾才报错，对 zstd 则悄悄改成边界值。"
    ),
    "Compress layers again that exist with another compression.": "把采用其他压缩方式的已有 layer 重新压缩。",
    "Use OCI media types in the manifest.": "在 manifest 中使用 OCI media types。",
    "Store the cache as an image manifest rather than an index; needs OCI media types.": (
        "把缓存存为 image manifest 而不是 index；需要 OCI media types。"
    ),
    "The default was false before v0.21.0; it is false when `oci_mediatypes` is false.": (
        "v0.21.0 之前默认为 false；`oci_mediatypes` 为 false 时它也是 false。"
    ),
    "Digest of the manifest to read, in place of a tag.": "要读取的 manifest 的 digest，代替 tag。",
    # ---- registry, inline ----
    "Image reference of the cache; not the image's own, which it would overwrite.": (
        "缓存的镜像引用；不要用镜像自己的引用，否则会覆盖镜像。"
    ),
    "Without a tag, `latest`. A digest can be imported, not exported.": (
        "没有 tag 时为 `latest`。digest 只能导入，不能导出。"
    ),
    "Skip TLS verification and fall back to plain HTTP for this registry.": (
        "对该镜像仓库跳过 TLS 验证，必要时改用 HTTP。"
    ),
    "The image whose cache is read, as a registry import.": "从该镜像读取缓存，作为 registry 导入。",
    "BuildKit has no inline import. Without `ref` the cache is only written.": (
        "BuildKit 没有 inline 导入。没有 `ref` 时只写不读。"
    ),
    # ---- local ----
    "Directory that is written and read.": "写入和读取的目录。",
    "Relative to the folder in which the client runs; nothing in it is expanded.": (
        "相对于客户端运行的目录；其中的内容不会被展开。"
    ),
    "Directory that is written.": "写入的目录。",
    "Directory that is read.": "读取的目录。",
    "Name of the cache in the directory's index.": "缓存在目录索引中的名字。",
    "imports: v0.7.0 of the client library": "导入：客户端库 v0.7.0 起",
    "After a successful build, delete what the index no longer refers to.": (
        "构建成功后，删除索引不再引用的内容。"
    ),
    "buildx v0.35.0; older clients ignore it": "buildx v0.35.0 起；更早的客户端会忽略它",
    # ---- gha ----
    "Name of the cache in the repository; each build needs its own, it is overwritten whole.": (
        "缓存在仓库中的名字；每个构建要用自己的名字，因为缓存会被整个覆盖。"
    ),
    "Address of the cache service, version 1.": "缓存服务的地址，版本 1。",
    "Address of the cache service, version 2; GitHub shut version 1 down in April 2025.": (
        "缓存服务的地址，版本 2；GitHub 已在 2025 年 4 月关闭版本 1。"
    ),
    "buildx v0.21.0": "buildx v0.21.0 起",
    "The run-time token of the job.": "作业的运行时 token。",
    "Version of the cache service; found out from the address when not given.": (
        "缓存服务的版本；未给出时由地址判断。"
    ),
    "How long requests are tried again when the service limits their rate.": (
        "服务限流时，请求最多重试多长时间。"
    ),
    "`owner/repository`, to list existing entries at once; needs `ghtoken`.": (
        "`owner/repository`，用来一次列出已有条目；需要 `ghtoken`。"
    ),
    "GitHub token that may read Actions, for `repository`.": (
        "能读取 Actions 的 GitHub token，供 `repository` 使用。"
    ),
    # ---- s3 ----
    "Bucket that holds the cache.": "保存缓存的 bucket。",
    "Region of the bucket.": "bucket 所在的 region。",
    "Put before every object name as it is; end it with `/` to make a folder.": (
        "原样加在每个对象名前；以 `/` 结尾才成为目录。"
    ),
    "Name of the manifest. An export writes every name of `a;b`, an import reads only the first.": (
        "manifest 的名字。对于 `a;b`，导出写全部名字，导入只读第一个。"
    ),
    "Put before the names of blobs.": "加在 blobs 的名字前。",
    "Put before the names of manifests.": "加在 manifests 的名字前。",
    "Address of a service other than Amazon's.": "Amazon 以外的服务的地址。",
    "Put the bucket into the path rather than the host name; only with `endpoint_url`.": (
        "把 bucket 放在路径中，而不是 hostname 中；只与 `endpoint_url` 一起使用。"
    ),
    "Access key; without it, the identity of the BuildKit daemon.": (
        "Access key；没有时使用 BuildKit 守护进程的身份。"
    ),
    "Secret of the access key.": "access key 的密钥。",
    "Session token of temporary credentials.": "临时凭据的 session token。",
    "Age after which an existing blob is touched, so that a clean-up rule keeps it.": (
        "已有 blob 超过这个时间就刷新一次，免得被清理规则删除。"
    ),
    "Number of layers that are uploaded at once.": "同时上传的 layer 数量。",
    "Leave the Accept-Encoding header out of the signature, for Google Cloud Storage.": (
        "签名中不含 Accept-Encoding 头，用于 Google Cloud Storage。"
    ),
    "How failed requests are tried again.": "请求失败后的重试方式。",
    "How often a request is tried.": "一个请求最多尝试的次数。",
    # ---- azblob ----
    "Address of the storage account.": "存储账户的地址。",
    "Name of the storage account; by default the first part of the host of `account_url`.": (
        "存储账户的名字；默认为 `account_url` 主机名的第一段。"
    ),
    "Container that holds the cache; created when it is missing, on an import too.": (
        "保存缓存的 container；不存在时会创建，导入时也一样。"
    ),
    "Folder inside the container; joined with `/`.": "container 中的目录；用 `/` 连接。",
    "Name of the manifest. `a;b` writes and reads both.": "manifest 的名字。`a;b` 表示两个都写、都读。",
    "Folder of the blobs.": "blobs 的目录。",
    "Folder of the manifests.": "manifests 的目录。",
    "Key of the account; without it, the identity of the BuildKit daemon.": (
        "账户的密钥；没有时使用 BuildKit 守护进程的身份。"
    ),
}
