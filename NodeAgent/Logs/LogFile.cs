using System.ComponentModel;
using OrleansOrchestrator.NodeAgent.Kernel;

namespace OrleansOrchestrator.NodeAgent.Logs;

/// <summary>
/// Opens a container's log. Pod, container and file below the directory of all logs are the runtime's and ours: a link
/// there was put by somebody who has that directory mounted, and is not followed to whatever root can read.
/// </summary>
public static class LogFile
{
    public static FileStream Open(string path)
    {
        var root = Path.GetFullPath(Path.Combine(path, "../../.."));
        try
        {
            using var logs = HeldDirectory.Open(root);
            return new FileStream(logs.OpenFile(Path.GetRelativePath(root, path)), FileAccess.Read, bufferSize: 1);
        }
        catch (Win32Exception refused)
        {
            throw new IOException(refused.Message, refused);
        }
    }
}
