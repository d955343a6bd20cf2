using System.Globalization;
using System.Net;
using System.Text;
using OrleansOrchestrator.Machine;

namespace OrleansOrchestrator.Silo.Hosting;

/// <summary>
/// A page on the disk that leads a browser to an address with a secret in it. The browser is given the page's name, as
/// everybody on the machine can read arguments, and the page is its owner's alone. It is there until disposed of.
/// </summary>
public sealed class LeadingPage : IDisposable
{
    private LeadingPage(string path) => Path = path;

    public string Path { get; }

    /// <summary>Writes the page.</summary>
    /// <param name="directory">In which nobody else can make, replace or remove files.</param>
    /// <param name="address">Where it leads.</param>
    public static LeadingPage Write(string directory, Uri address)
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"orc-dashboard-{Environment.ProcessId}.html");
        var page = new LeadingPage(System.IO.Path.Combine(directory, name));
        using var file = OwnFiles.Create(page.Path);
        file.Write(Encoding.UTF8.GetBytes(Html(WebUtility.HtmlEncode(address.AbsoluteUri))));
        return page;
    }

    /// <summary>
    /// The directory for it: that of the user's session, else the cluster's; null where there is none that is safe.
    /// </summary>
    /// <param name="session">What <c>XDG_RUNTIME_DIR</c> says.</param>
    /// <param name="root">The cluster's data directory, which need not be there.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async Task<string?> DirectoryForAsync(
        string? session, string root, CancellationToken cancellationToken) =>
        session is not null && await IsOursAloneAsync(session, cancellationToken) ? session
        : DataDirectory.HoldsCluster(root) ? DataDirectory.OpenExisting(root).Run
        : null;

    public void Dispose() => File.Delete(Path);

    /// <summary>After <c>su</c> and <c>sudo -E</c> the directory is another user's, of the same mode.</summary>
    private static async Task<bool> IsOursAloneAsync(string path, CancellationToken cancellationToken) =>
        System.IO.Path.IsPathFullyQualified(path) && Directory.Exists(path)
        && (File.GetUnixFileMode(path) & ~OwnFiles.OwnersDirectory) == UnixFileMode.None
        && await Programs.RunAsync("test", ["-O", path], cancellationToken) is (0, _);

    private static string Html(string address) => $"""
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="referrer" content="no-referrer">
        <meta http-equiv="refresh" content="0;url={address}">
        <title>Orleans Orchestrator</title>
        </head>
        <body><a href="{address}">Open the dashboard</a></body>
        </html>

        """;
}
