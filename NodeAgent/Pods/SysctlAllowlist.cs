using System.Text.RegularExpressions;
using k8s.Models;
using OrleansOrchestrator.Formats;
using OrleansOrchestrator.NodeAgent.PodRecords;

namespace OrleansOrchestrator.NodeAgent.Pods;

/// <summary>
/// The kernel settings that a pod may have: those that are safe, as they are its namespaces' own and have no influence
/// on others (all the kernels that the agent runs on know them), and those that the node allows besides. Pure.
/// </summary>
public sealed partial class SysctlAllowlist
{
    private const int MaxLength = 253;
    private const string Pattern = @"([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\./])*([a-z0-9][-_a-z0-9]*)?[a-z0-9*]";
    private const string Network = "net";
    private const string Ipc = "ipc";

    private static readonly HashSet<string> Safe =
    [
        "kernel.shm_rmid_forced",
        "net.ipv4.ip_local_port_range",
        "net.ipv4.tcp_syncookies",
        "net.ipv4.ping_group_range",
        "net.ipv4.ip_unprivileged_port_start",
        "net.ipv4.tcp_keepalive_time",
        "net.ipv4.tcp_fin_timeout",
        "net.ipv4.tcp_keepalive_intvl",
        "net.ipv4.tcp_keepalive_probes",
        "net.ipv4.ip_local_reserved_ports",
        "net.ipv4.tcp_rmem",
        "net.ipv4.tcp_wmem",
    ];

    /// <summary>Of a node that allows nothing besides.</summary>
    public static SysctlAllowlist SafeOnly { get; } = new([]);

    private readonly HashSet<string> _names;
    private readonly List<(string Prefix, string Space)> _prefixes;

    /// <param name="unsafeOnes">More names, or beginnings of names with a star: <c>kernel.msg*</c>.</param>
    /// <exception cref="InvalidDataException">
    /// One is no name, or concerns all of the machine; the text is upstream's.
    /// </exception>
    public SysctlAllowlist(IEnumerable<string> unsafeOnes)
    {
        var all = unsafeOnes.Select(Checked).ToLookup(static one => one.Name.EndsWith('*'));
        _names = [.. Safe, .. all[false].Select(static one => one.Name)];
        _prefixes = [.. all[true].Select(static one => (one.Name[..^1], one.Space))];
    }

    /// <summary>Null when the pod may have all of its settings; else which it may not, and why.</summary>
    public string? Problem(V1Pod pod) => (pod.Spec.SecurityContext?.Sysctls ?? [])
        .Select(sysctl => Problem(pod, Dotted(sysctl.Name))).FirstOrDefault(problem => problem is not null);

    /// <summary>Names may be written as paths: <c>net/ipv4/tcp_rmem</c>; the first separator tells which way.</summary>
    public static string Dotted(string name)
    {
        var first = name.IndexOfAny(['.', '/']);
        return first < 0 || name[first] == '.'
            ? name
            : string.Concat(name.Select(c => c switch { '/' => '.', '.' => '/', _ => c }));
    }

    private string? Problem(V1Pod pod, string name)
    {
        // What a beginning allows is of that beginning's namespace, whatever the whole name is, as upstream has it.
        var space = _names.Contains(name)
            ? SpaceOf(name)
            : _prefixes.Find(p => name.StartsWith(p.Prefix, StringComparison.Ordinal)).Space;
        return space is null ? $"\"{name}\" not allowlisted"
            : (space == Network ? pod.UsesHostNetwork() : pod.Spec.HostIPC == true)
                ? $"\"{name}\" not allowed with host {space} enabled"
            : null;
    }

    private static (string Name, string Space) Checked(string pattern)
    {
        if (pattern.Length > MaxLength || !Form().IsMatch(pattern))
        {
            throw new InvalidDataException(
                $"sysctl {GoQuotes.Quote(pattern)} must have at most {MaxLength} characters and match regex {Pattern}");
        }

        var name = Dotted(pattern);
        return SpaceOf(name.TrimEnd('*')) is { } space ? (name, space) : throw new InvalidDataException(
            $"the sysctl{(name.EndsWith('*') ? "s" : "")} {GoQuotes.Quote(name)} are not known to be namespaced");
    }

    /// <summary>The namespace whose own it is; null for what is all of the machine's.</summary>
    private static string? SpaceOf(string name) =>
        name.StartsWith("net.", StringComparison.Ordinal) ? Network
        : name == "kernel.sem" || Array.Exists(
            ["kernel.shm", "kernel.msg", "fs.mqueue."], p => name.StartsWith(p, StringComparison.Ordinal)) ? Ipc
        : null;

    [GeneratedRegex($@"^{Pattern}\z")]
    private static partial Regex Form();
}
