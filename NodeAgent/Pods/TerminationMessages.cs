using System.Text;
using OrleansOrchestrator.NodeAgent.Cri;
using OrleansOrchestrator.NodeAgent.Logs;
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
        var path = paths.TerminationLog(podUid, record.Name, record.RestartCount);
        if (!File.Exists(path))
        {
            return null;
        }

        var message = ReadFile(path);
        var fallBack =
            record.Annotations.GetValueOrDefault(CriLabels.TerminationMessagePolicy) == "FallbackToLogsOnError";
        return message.Length == 0 && fallBack && record.ExitCode != 0
            ? CriLogTail.Read(record.LogPath, MaxLogLines, MaxLogBytes)
            : message;
    }

    private static string ReadFile(string path)
    {
        try
        {
            using var file = File.OpenRead(path);
            var buffer = new byte[Math.Min(file.Length, MaxMessageBytes)];
            file.Seek(-buffer.Length, SeekOrigin.End);
            file.ReadExactly(buffer);
            return Encoding.UTF8.GetString(buffer);
        }
        catch (IOException)
        {
            return ""; // cleaned up this very moment
        }
    }
}
