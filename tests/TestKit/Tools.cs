using System.Diagnostics;

namespace OrleansOrchestrator.TestKit;

/// <summary>How a program ended.</summary>
public sealed record Ended(int ExitCode, string Output, string Errors)
{
    /// <summary>The output of a program that must have succeeded.</summary>
    public string Required => ExitCode == 0
        ? Output
        : throw new InvalidOperationException($"exit code {ExitCode}\n{Output}\n{Errors}");
}

/// <summary>Runs programs as a user at a terminal would.</summary>
public static class Tools
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(6);

    /// <summary>Directory of kubectl and helm, as the test script installs them.</summary>
    public static string Directory =>
        Environment.GetEnvironmentVariable("ORC_TOOLS") ??
        Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache/orc/tools");

    public static string Kubectl => Path.Combine(Directory, "kubectl");

    /// <summary>Runs a program to its end, with a bound that a loaded machine does not reach.</summary>
    public static async Task<Ended> RunAsync(
        string program,
        IEnumerable<string> arguments,
        IReadOnlyDictionary<string, string>? environment = null,
        string? input = null)
    {
        using var process = new Process();
        process.StartInfo = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true,
        };
        foreach (var (key, value) in environment ?? new Dictionary<string, string>())
        {
            process.StartInfo.Environment[key] = value;
        }

        process.Start();
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        if (input is not null)
        {
            await process.StandardInput.WriteAsync(input);
        }

        process.StandardInput.Close();
        using var patience = new CancellationTokenSource(Patience);
        try
        {
            await process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException(
                $"'{program} {string.Join(' ', process.StartInfo.ArgumentList)}' did not end in {Patience}");
        }

        // A child that it left behind may hold its output open.
        return new Ended(process.ExitCode, await output.WaitAsync(Patience), await errors.WaitAsync(Patience));
    }
}
