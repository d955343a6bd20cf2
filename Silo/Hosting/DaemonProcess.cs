using System.Diagnostics;
using System.Globalization;
using OrleansOrchestrator.Machine;

namespace OrleansOrchestrator.Silo.Hosting;

/// <summary>
/// A process of ours that lives on when the process that started it is killed: a session of its own, output to a log
/// file, and a file with its process id and start time, by which a later run finds it again (a process id alone may
/// have been given to another process).
/// </summary>
public sealed class DaemonProcess(DataDirectory directory, string name)
{
    private const int Sigterm = 15;
    private const int Sigkill = 9;

    /// <summary>The running process, or null.</summary>
    public Process? Find()
    {
        var file = directory.PidFile(name);
        if (!File.Exists(file))
        {
            return null;
        }

        var parts = File.ReadAllText(file).Split(' ');
        return parts.Length == 2
            && int.TryParse(parts[0], CultureInfo.InvariantCulture, out var pid)
            && StartTime(pid) == parts[1]
            ? Process.GetProcessById(pid)
            : null;
    }

    /// <summary>Starts the program in the background.</summary>
    public Process Start(
        string program, IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? environment = null)
    {
        // The shell opens the log and then becomes the program, so that the process id is the program's.
        var start = new ProcessStartInfo(
            "setsid",
            ["sh", "-c", "log=$1; shift; exec \"$@\" </dev/null >>\"$log\" 2>&1", name, directory.LogFile(name), program, .. arguments])
        {
            WorkingDirectory = directory.Root,
        };
        start.Environment.Remove(SiloOptions.ConnectionVariable); // for whom it is meant, it is given below
        foreach (var (key, value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[key] = value;
        }

        var process = Process.Start(start)!;
        Note(process.Id);
        return process;
    }

    /// <summary>Makes the present process the one of this name; <see cref="Forget"/> undoes it.</summary>
    public void Claim() => Note(Environment.ProcessId);

    /// <summary>Removes the file of a process that is about to end.</summary>
    public void Forget() => File.Delete(directory.PidFile(name));

    /// <summary>
    /// Asks the process to end, and ends it when it has not done so in time. Does nothing when it is not running.
    /// </summary>
    public async Task StopAsync(TimeSpan patience, TimeProvider time)
    {
        using var process = Find();
        if (process is null)
        {
            return;
        }

        await SignalAsync(process, Sigterm);
        using var patienceEnds = new CancellationTokenSource(patience, time);
        try
        {
            await process.WaitForExitAsync(patienceEnds.Token);
        }
        catch (OperationCanceledException)
        {
            await SignalAsync(process, Sigkill);
            await process.WaitForExitAsync(CancellationToken.None);
        }

        Forget();
    }

    /// <summary>Ends the process without asking, as one that hangs would not hear it.</summary>
    public async Task KillAsync()
    {
        using var process = Find();
        if (process is not null)
        {
            await SignalAsync(process, Sigkill);
            await process.WaitForExitAsync(CancellationToken.None);
        }
    }

    /// <summary>The last lines of the log, for error messages.</summary>
    public string LogTail(int lines)
    {
        var file = directory.LogFile(name);
        return File.Exists(file) ? string.Join('\n', File.ReadLines(file).TakeLast(lines)) : "";
    }

    /// <summary>What it said to its user at its end; null when it said nothing.</summary>
    public string? LastSentence()
    {
        const string Begin = "orc: ";
        return LogTail(1) is var last && last.StartsWith(Begin, StringComparison.Ordinal) ? last[Begin.Length..] : null;
    }

    private void Note(int pid) =>
        OwnFiles.Write(directory.PidFile(name), $"{pid.ToString(CultureInfo.InvariantCulture)} {StartTime(pid)}");

    private static Task SignalAsync(Process process, int signal) =>
        Programs.RunAsync(
            "kill",
            [$"-{signal.ToString(CultureInfo.InvariantCulture)}", process.Id.ToString(CultureInfo.InvariantCulture)],
            CancellationToken.None);

    // Field 22 of /proc/PID/stat, counted after the command name, which may hold spaces.
    private static string? StartTime(int pid)
    {
        var file = $"/proc/{pid.ToString(CultureInfo.InvariantCulture)}/stat";
        if (!File.Exists(file))
        {
            return null;
        }

        var text = File.ReadAllText(file);
        var fields = text[(text.LastIndexOf(')') + 2)..].Split(' ');
        return fields[0] == "Z" ? null : fields[19];
    }
}
