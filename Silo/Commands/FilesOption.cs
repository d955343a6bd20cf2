using System.CommandLine;

namespace OrleansOrchestrator.Silo.Commands;

/// <summary>An option that names files, and may be given several times.</summary>
internal sealed class FilesOption : Option<string[]>
{
    public FilesOption(string name, string description)
        : base(name)
    {
        Description = $"{description} May be given several times.";
        DefaultValueFactory = static _ => [];
    }
}
