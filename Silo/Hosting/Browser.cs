using System.Diagnostics;

namespace OrleansOrchestrator.Silo.Hosting;

/// <summary>The web browser of whoever sits at this machine.</summary>
public static class Browser
{
    private const string Placeholder = "%s";

    /// <summary>
    /// The command that opens a page, with <c>%s</c> for the page: the first of those in <c>BROWSER</c> whose program
    /// is there (split at colons, as xdg-open has it), else the desktop's; null where there is neither.
    /// </summary>
    /// <param name="variable">What a variable of the environment says.</param>
    /// <param name="find">Where a program is.</param>
    public static IReadOnlyList<string>? Find(Func<string, string?> variable, Func<string, string?> find)
    {
        var chosen = (variable("BROWSER") ?? "").Split(':')
            .Select(static c => c.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .FirstOrDefault(words => words.Length > 0 && find(words[0]) is not null);
        return chosen is not null ? Array.Exists(chosen, HasPlaceholder) ? chosen : [.. chosen, Placeholder]
            : DesktopOpener(variable) is { } opener && find(opener) is not null ? [opener, Placeholder]
            : null;
    }

    /// <summary>
    /// Runs such a command to its end, in a session of its own: the browser may stay when we end. The exit code is 0
    /// when a browser was found.
    /// </summary>
    public static async Task<int> OpenAsync(
        IReadOnlyList<string> command, string page, CancellationToken cancellationToken)
    {
        var words = command.Select(w => w.Replace(Placeholder, page, StringComparison.Ordinal));
        string[] silently = ["sh", "-c", "exec \"$@\" </dev/null >/dev/null 2>&1", "sh", .. words];
        string[] all = OperatingSystem.IsMacOS() ? silently : ["setsid", .. silently];
        var start = new ProcessStartInfo(all[0], all[1..]);
        start.Environment.Remove(SiloOptions.ConnectionVariable); // may hold a password, and is the silo's
        using var process = Process.Start(start)!;
        await process.WaitForExitAsync(cancellationToken);
        return process.ExitCode;
    }

    private static bool HasPlaceholder(string word) => word.Contains(Placeholder, StringComparison.Ordinal);

    private static string? DesktopOpener(Func<string, string?> variable) =>
        OperatingSystem.IsMacOS() ? "open"
        : new[] { "DISPLAY", "WAYLAND_DISPLAY" }.Any(v => !string.IsNullOrEmpty(variable(v))) ? "xdg-open"
        : null;
}
