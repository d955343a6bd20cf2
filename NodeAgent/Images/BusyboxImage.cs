namespace OrleansOrchestrator.NodeAgent.Images;

/// <summary>
/// Images made of Debian's static busybox and a few files: what tests and the demo run where no registry is reachable.
/// </summary>
public static class BusyboxImage
{
    public const string DefaultBinary = "/usr/bin/busybox";

    /// <summary>Applets that get a link in /bin. The others are reachable as <c>busybox APPLET</c>.</summary>
    private static readonly string[] Applets =
    [
        "ash", "awk", "base64", "basename", "cat", "chmod", "chown", "cp", "cut", "date", "dd", "df", "dirname", "du",
        "echo", "env", "expr", "false", "find", "free", "grep", "gzip", "gunzip", "head", "hostname", "httpd", "id", "ifconfig",
        "ip", "kill", "killall", "ln", "ls", "md5sum", "mkdir", "mknod", "mktemp", "more", "mount", "mv", "nc", "netstat",
        "nohup", "nproc", "nslookup", "od", "pidof", "ping", "printf", "ps", "pwd", "readlink", "realpath", "rm", "rmdir",
        "route", "sed", "seq", "sh", "sha256sum", "sleep", "sort", "stat", "stty", "sync", "tail", "tar", "tee", "telnet",
        "test", "time", "timeout", "top", "touch", "tr", "traceroute", "true", "tty", "umount", "uname", "uniq", "uptime",
        "usleep", "vi", "wc", "wget", "which", "whoami", "xargs", "yes", "zcat",
    ];

    /// <summary>
    /// Writes an image with busybox, /tmp and /etc/passwd, and the files given in a layer of their own: images of the
    /// same busybox share all but that.
    /// </summary>
    public static void Write(
        Stream output, ImageDescription image, IReadOnlyCollection<ImageFile> more, string binary = DefaultBinary)
    {
        const int executable = 0x1ED;
        const int sticky = 0x3FF;
        ImageFile[] files =
        [
            new() { Path = "bin" },
            new() { Path = "bin/busybox", Content = File.ReadAllBytes(binary), Mode = executable },
            .. Applets.Select(applet => new ImageFile { Path = $"bin/{applet}", LinkTarget = "busybox" }),
            new() { Path = "etc" },
            Text("etc/passwd", "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n"),
            Text("etc/group", "root:x:0:\nnogroup:x:65534:\n"),
            new() { Path = "root" },
            new() { Path = "tmp", Mode = sticky },
            new() { Path = "var" },
            new() { Path = "www" },
        ];
        OciArchive.Write(output, image, more.Count > 0 ? [files, more] : [files]);
    }

    /// <summary>A text file of mode 0644.</summary>
    public static ImageFile Text(string path, string content) =>
        new() { Path = path, Content = System.Text.Encoding.UTF8.GetBytes(content), Mode = 0x1A4 };
}
