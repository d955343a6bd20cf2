using System.CommandLine;

namespace OrleansOrchestrator.Silo.Commands;

/// <summary>A command with so many options that its help tells them by theme.</summary>
internal sealed class GroupedCommand : Command
{
    public GroupedCommand(string name, string description, IEnumerable<OptionGroup> groups)
        : base(name, description)
    {
        Groups = [.. groups];
        foreach (var option in Groups.SelectMany(static g => g.Options))
        {
            Options.Add(option);
        }
    }

    /// <summary>All of its options, in the order in which they are told.</summary>
    public IReadOnlyList<OptionGroup> Groups { get; }
}
