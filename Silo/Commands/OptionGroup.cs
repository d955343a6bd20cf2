using System.CommandLine;

namespace OrleansOrchestrator.Silo.Commands;

/// <summary>Options of one theme, which a command's help tells together.</summary>
internal sealed record OptionGroup(string Title, params IReadOnlyList<Option> Options);
