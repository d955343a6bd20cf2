using System.Diagnostics;
using System.Text;

namespace OrleansOrchestrator.Machine;

/// <summary>How a program ended.</summary>
public readonly record struct CommandResult(int ExitCode, string Output, string Error)
{
    public bool Succeeded => ExitCode == 0;
}

/// <summary>Runs short-lived programs (ctr, nft) to their end.</summary>
public static class Commands
{
    /// <param name="program">Its name or path.</param>
    /// <param name="arguments">What it is told.</param>
    /// <param name="cancellationToken">Ends it, and what it has started.</param>
    /// <param name="input">What it may read.</param>
    /// <param name="variables">What its environment has besides ours, or instead of it.</param>
    /// <param name="maxOutput">How many characters it may write, and how many to its standard error.</param>
    /// <param name="dropsRest">What it writes beyond that is dropped, and it goes on.</param>
    /// <exception cref="IOException">It wrote more, and was ended.</exception>
    public static async Task<CommandResult> RunAsync(
        string program, IEnumerable<string> arguments, CancellationToken cancellationToken, string? input = null,
        IEnumerable<KeyValuePair<string, string>>? variables = null, int maxOutput = int.MaxValue,
        bool dropsRest = false)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = input is not null,
        };
        foreach (var (name, value) in variables ?? [])
        {
            start.Environment[name] = value;
        }

        using var process = Process.Start(start)
            ?? throw new InvalidOperationException($"\"{program}\" could not be started.");
        var output = ReadAsync(process.StandardOutput, process, maxOutput, dropsRest, cancellationToken);
        var error = ReadAsync(process.StandardError, process, maxOutput, dropsRest, cancellationToken);
        try
        {
            if (input is not null)
            {
                // Only its end ends the wait for one that reads nothing: a write to a pipe cannot be cancelled.
                await WriteAsync(process.StandardInput, input).WaitAsync(cancellationToken);
            }

            await process.WaitForExitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }

        return new CommandResult(process.ExitCode, await output, await error);
    }

    private static async Task<string> ReadAsync(
        StreamReader source, Process process, int limit, bool dropsRest, CancellationToken cancellationToken)
    {
        var text = new StringBuilder();
        var part = new char[4096];
        while (await source.ReadAsync(part, cancellationToken) is var count && count > 0)
        {
            var room = limit - text.Length;
            if (count > room && !dropsRest)
            {
                process.Kill(entireProcessTree: true); // it may wait for its output to be read
                throw new IOException($"it wrote more than {limit} characters");
            }

            text.Append(part, 0, Math.Min(count, room));
        }

        return text.ToString();
    }

    private static async Task WriteAsync(StreamWriter target, string input)
    {
        try
        {
            await using (target)
            {
                await target.WriteAsync(input);
            }
        }
        catch (IOException)
        {
            // It has not read all of it, or has ended already: how it ends is the answer.
        }
    }

    /// <summary>True when a program of that name is on the path (or is the path of a file).</summary>
    public static bool Exists(string program) => program.Contains('/', StringComparison.Ordinal)
        ? File.Exists(program)
        : SearchPath().Any(directory => File.Exists(Path.Combine(directory, program)));

    private static string[] SearchPath() =>
    [
        .. (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries),
        "/usr/sbin", "/sbin",
    ];
}
