using System.ComponentModel;
using System.Text;
using OrleansOrchestrator.NodeAgent.Cri;
using OrleansOrchestrator.NodeAgent.Kernel;
using OrleansOrchestrator.NodeAgent.Logs;
using OrleansOrchestrator.NodeAgent.PodRecords;
using OrleansOrchestrator.NodeAgent.Volumes;

namespace OrleansOrchestrator.NodeAgent.Pods;

/// <summary>
/// What a container said about its end: its termination log, or its last output where the spec wants that.
/// </summary>
public sealed class TerminationMessages(PodPaths paths)
{
    private const int MaxMessageBytes = 4096;
    private const int MaxLogBytes = 2048;
    private const int MaxLogLines = 80;

    /// <summary>Null when the pod's files are gone: then the API remembers what was read here before.</summary>
    public string? Read(string podUid, ContainerRecord record)
    {
        if (ReadFile(paths.TerminationLog(podUid, record.Name, record.RestartCount)) is not { } message)
        {
            return null;
        }

        var fallBack =
            record.Annotations.GetValueOrDefault(CriLabels.TerminationMessagePolicy) == "FallbackToLogsOnError";
        return message.Length == 0 && fallBack && record.ExitCode != 0
            ? CriLogTail.Read(record.LogPath, MaxLogLines, MaxLogBytes)
            : message;
    }

    private static string? ReadFile(string path)
    {
        if (!File.Exists(path))
        {
            return null;
        }

        try
        {
            using var directory = HeldDirectory.Open(Path.GetDirectoryName(path)!);
            using var file = directory.OpenFile(Path.GetFileName(path));
            var length = RandomAccess.GetLength(file);
            var buffer = new byte[Math.Min(length, MaxMessageBytes)];
            var count = RandomAccess.Read(file, buffer, length - buffer.Length);
            return Encoding.UTF8.GetString(buffer, 0, count);
        }
        catch (Exception exception) when (exception is IOException or Win32Exception)
        {
            return ""; // cleaned up this very moment
        }
    }
}
