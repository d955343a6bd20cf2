namespace OrleansOrchestrator.NodeAgent.Images;

/// <summary>
/// The image of the README's first five minutes: a tiny web server that says which pod answers, and in which version.
/// Made on the spot from Debian's static busybox, so that no registry is needed.
/// </summary>
public static class DemoImage
{
    /// <summary>Two versions, to try a rolling update with.</summary>
    public static readonly IReadOnlyList<string> References = ["orc.local/demo:1", "orc.local/demo:2"];

    private const int Executable = 0x1ED;

    // A shell as process 1 sees SIGTERM, which busybox's httpd as process 1 would not.
    private const string Server = """
        #!/bin/sh
        mkdir -p /tmp/www
        echo "$(hostname) says ${GREETING:-hello} from demo:VERSION" > /tmp/www/index.html
        echo ok > /tmp/www/healthz
        echo "demo:VERSION listens on port ${PORT:-8080}"
        httpd -f -v -p "${PORT:-8080}" -h /tmp/www &
        trap 'echo "stopping"; kill $!; exit 0' TERM INT
        wait $!

        """;

    /// <summary>Writes an archive of one version.</summary>
    public static void Write(Stream output, string reference)
    {
        var version = reference[(reference.LastIndexOf(':') + 1)..];
        var script = BusyboxImage.Text(
            "bin/demo", Server.Replace("VERSION", version, StringComparison.Ordinal)) with { Mode = Executable };
        BusyboxImage.Write(
            output, new ImageDescription { Reference = reference, Entrypoint = ["/bin/demo"] }, [script]);
    }
}
