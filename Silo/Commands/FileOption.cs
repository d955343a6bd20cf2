using System.CommandLine;

namespace OrleansOrchestrator.Silo.Commands;

/// <summary>An option that names a file; relative to the directory in which the command is given.</summary>
internal sealed class FileOption(string name) : Option<string?>(name)
{
    /// <summary>Instead of a file: standard output.</summary>
    private const string Output = "-";

    /// <summary>The name that is good in every directory.</summary>
    public static string Full(string path) => path == Output ? path : Path.GetFullPath(path);
}
