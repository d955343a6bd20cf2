using System.Globalization;
using System.Text.RegularExpressions;

namespace OrleansOrchestrator.NodeAgent.Node;

/// <summary>A process that the kernel killed because memory was short.</summary>
/// <param name="Group">The cgroup whose limit was reached; <see cref="OomMessages.Machine"/> for the machine.</param>
/// <param name="Process">The process's name; empty where it is not told.</param>
/// <param name="Pid">Its id; 0 where it is not told.</param>
public readonly record struct OomKill(string Group, string Process, int Pid);

/// <summary>
/// Reads from the kernel's log, message by message, which processes the kernel kills for memory. One kill is several
/// messages: the first begins it; the cgroup comes with the process from Linux 5.0 on, before that in a message of its
/// own; of a machine that is short as a whole only the process is told. Pure.
/// </summary>
public sealed partial class OomMessages
{
    /// <summary>What a kill is for that no cgroup's limit has caused.</summary>
    public const string Machine = "/";

    private string? _group;

    /// <summary>Takes the next message; tells of the kill that it completes, if it does.</summary>
    public OomKill? Next(string message)
    {
        if (_group is null)
        {
            _group = message.Contains("invoked oom-killer:", StringComparison.Ordinal) ? Machine : null;
            return null;
        }

        if (InGroup().Match(message) is { Success: true } grouped)
        {
            return End(grouped, grouped.Groups["group"].Value);
        }

        if (Killed().Match(message) is { Success: true } killed)
        {
            return End(killed, _group);
        }

        _group = OfTask().Match(message) is { Success: true } limit ? limit.Groups["group"].Value : _group;
        return null;
    }

    private OomKill End(Match told, string group)
    {
        _group = null;
        var isNumber = int.TryParse(
            told.Groups["pid"].Value, NumberStyles.None, CultureInfo.InvariantCulture, out var pid);
        return new OomKill(group, told.Groups["name"].Value, isNumber ? pid : 0);
    }

    [GeneratedRegex(
        @"oom-kill:constraint=.*,oom_memcg=(?<group>.*),task_memcg=.*,task=(?<name>.*),pid=(?<pid>\d+),uid=",
        RegexOptions.NonBacktracking)]
    private static partial Regex InGroup();

    [GeneratedRegex(@"Killed process (?<pid>\d+) \((?<name>.+)\)", RegexOptions.NonBacktracking)]
    private static partial Regex Killed();

    [GeneratedRegex(@"Task in .* killed as a result of limit of (?<group>.*)", RegexOptions.NonBacktracking)]
    private static partial Regex OfTask();
}
