using System.Text.Json;
using System.Text.Json.Nodes;
using OrleansOrchestrator.NodeAgent.Cri.V1;

namespace OrleansOrchestrator.NodeAgent.UserNamespaces;

/// <summary>
/// The ids of the machine that are those of a pod from 0 on, users and groups alike. Ranges of one length lie one after
/// the other; the first of them is the machine's own, and no pod's.
/// </summary>
/// <param name="First">The first id of the machine.</param>
/// <param name="Length">How many there are; a multiple of <see cref="Unit"/>.</param>
public readonly record struct IdRange(uint First, uint Length)
{
    /// <summary>As many as a system has usually: what a pod has unless told, and what more is counted in.</summary>
    public const uint Unit = 65536;

    private const string Users = "uidMappings";
    private const string Groups = "gidMappings";
    private const string Host = "hostId";
    private const string Container = "containerId";
    private const string Count = "length";

    public IDMapping Mapping => new() { HostId = First, ContainerId = 0, Length = Length };

    /// <summary>One of the ranges of a length, from 1 to <see cref="Last"/>.</summary>
    public static IdRange At(int index, uint length) => new((uint)index * length, length);

    /// <summary>
    /// The last range of a length of which all are ids (the highest number is the kernel's for none); 0 for none.
    /// </summary>
    public static int Last(uint length) => (int)(uint.MaxValue / length) - 1;

    /// <summary>The ranges of a length that pods may have.</summary>
    /// <param name="length">How many ids each has.</param>
    /// <param name="all">The ids of all of them together; null for all that there are.</param>
    public static IEnumerable<IdRange> Within(uint length, IdRange? all)
    {
        var (first, count) = all is { } own ? ((int)(own.First / length), (int)(own.Length / length)) : (1, Last(length));
        return Enumerable.Range(first, Math.Min(count, Last(length) - first + 1)).Select(i => At(i, length));
    }

    /// <summary>
    /// Why there cannot be so many ids for each pod, as upstream says it of its setting; null when there can.
    /// </summary>
    /// <param name="length">How many each pod is to have.</param>
    /// <param name="pods">How many pods there may be.</param>
    /// <param name="all">The ids of all of them together; null for all that there are.</param>
    public static string? Problem(long length, int pods, IdRange? all = null) =>
        length < Unit ? $"userNamespaces.idsPerPod must not be less than {Unit}"
        : length % Unit != 0 ? $"userNamespaces.idsPerPod must be a multiple of {Unit}"
        : length > uint.MaxValue ? $"userNamespaces.idsPerPod must not be more than {uint.MaxValue}"
        : all?.Unfit(length)
            ?? (pods > (all?.Length / length ?? Last((uint)length))
                ? $"kubelet user assigned IDs are not enough to support {pods} pods" : null);

    /// <summary>Whether there are ids that are in both.</summary>
    public bool Overlaps(IdRange other) =>
        First < other.First + (ulong)other.Length && other.First < First + (ulong)Length;

    /// <summary>As upstream's kubelet keeps it in a file.</summary>
    public string ToJson() =>
        new JsonObject { [Users] = new JsonArray(Node()), [Groups] = new JsonArray(Node()) }.ToJsonString();

    /// <summary>Reads what <see cref="ToJson"/> has written.</summary>
    /// <param name="text">The file.</param>
    /// <exception cref="UserNamespaceException">It is no range.</exception>
    public static IdRange Parse(string text)
    {
        var (users, groups) = Mappings(text);
        if (users is not [{ } only])
        {
            throw Invalid("configuration: no more than one mapping allowed.");
        }

        if (!JsonNode.DeepEquals(users, groups))
        {
            throw Invalid("configuration: GID and UID mapping should be identical");
        }

        var (first, inside, length) = (Number(only, Host), Number(only, Container), Number(only, Count));
        return inside != 0 ? throw Invalid("configuration: UID 0 must be mapped")
            : length is < Unit or > uint.MaxValue || length % Unit != 0
                ? throw new UserNamespaceException($"user namespace: wrong user namespace length {length}")
            : first % length != 0
                ? throw new UserNamespaceException($"user namespace: wrong user namespace offset specified {first}")
            : first < length || first / length > Last((uint)length)
                ? throw new UserNamespaceException($"user namespace: id {first} is out of range")
            : new IdRange((uint)first, (uint)length);
    }

    /// <summary>Why it is not made of ranges of a length, without the machine's own first one; else null.</summary>
    private string? Unfit(long length) =>
        First % length != 0 ? $"kubelet user assigned ID {First} is not a multiple of {length}"
        : First < length ? $"kubelet user assigned ID {First} must be greater or equal to {length}"
        : Length % length != 0 ? $"kubelet user assigned IDs length {Length} is not a multiple of {length}"
        : null;

    private JsonObject Node() => new() { [Host] = First, [Container] = 0, [Count] = Length };

    private static (JsonArray? Users, JsonArray? Groups) Mappings(string text)
    {
        try
        {
            var known = JsonNode.Parse(text) as JsonObject;
            return (known?[Users] as JsonArray, known?[Groups] as JsonArray);
        }
        catch (JsonException problem)
        {
            throw Invalid($"mappings file: {problem.Message}");
        }
    }

    private static long Number(JsonNode mapping, string name) =>
        mapping is JsonObject known && known[name] is JsonValue value && value.TryGetValue<long>(out var number)
            ? number : throw Invalid($"mappings file: {name} is no number");

    private static UserNamespaceException Invalid(string what) => new($"user namespace: invalid user namespace {what}");
}
