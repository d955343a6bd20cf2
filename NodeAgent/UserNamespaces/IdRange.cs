using System.Text.Json;
using System.Text.Json.Nodes;
using OrleansOrchestrator.NodeAgent.Cri.V1;

namespace OrleansOrchestrator.NodeAgent.UserNamespaces;

/// <summary>
/// The ids of the machine that are those of a pod from 0 on, users and groups alike: as many as a system has usually,
/// in ranges one after the other. The first range is the machine's own, and no pod's.
/// </summary>
/// <param name="Index">Which range it is, from 1 on.</param>
public readonly record struct IdRange(uint Index)
{
    public const uint Length = 65536;

    /// <summary>The last range of which all are ids: the highest number is the kernel's for none.</summary>
    public const int Last = (int)(uint.MaxValue / Length) - 1;

    private const string Users = "uidMappings";
    private const string Groups = "gidMappings";
    private const string Host = "hostId";
    private const string Container = "containerId";
    private const string Count = "length";

    private uint First => Index * Length;

    public IDMapping Mapping => new() { HostId = First, ContainerId = 0, Length = Length };

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
            : length != Length
                ? throw new UserNamespaceException($"user namespace: wrong user namespace length {length}")
            : first % Length != 0
                ? throw new UserNamespaceException($"user namespace: wrong user namespace offset specified {first}")
            : first < Length || first / Length > Last
                ? throw new UserNamespaceException($"user namespace: id {first} is out of range")
            : new IdRange((uint)(first / Length));
    }

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
