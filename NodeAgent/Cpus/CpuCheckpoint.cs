using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using OrleansOrchestrator.Formats;
using OrleansOrchestrator.NodeAgent.Kernel;
using OrleansOrchestrator.NodeAgent.Numa;

namespace OrleansOrchestrator.NodeAgent.Cpus;

/// <summary>
/// Who has which CPUs, in a file that is upstream's, its checksum included: a node can go over from a kubelet, and
/// back, with what runs on it. Containers outlive the agent, and their CPUs must not be given to others.
/// </summary>
public sealed class CpuCheckpoint(string policy) : ICheckpointForm<CpuState>
{
    public const string FileName = "cpu_manager_state";

    /// <summary>Of kubelets before 1.36.</summary>
    private const string TypeName = "CPUManagerCheckpoint";

    /// <summary>Of kubelets of 1.36 without the gate PodLevelResourceManagers.</summary>
    private const string RenamedType = "CPUManagerCheckpointV2";

    private static readonly JsonSerializerOptions Options = new(Checkpoint.Strict) { PropertyNameCaseInsensitive = true };

    public string Name => FileName;

    public string Title => "the CPU manager checkpoint file";

    public byte[] Write(CpuState state) => JsonSerializer.SerializeToUtf8Bytes(new Document
    {
        PolicyName = policy,
        DefaultCpuSet = state.Shared.ToString(),
        Entries = state.Assigned.IsEmpty ? null : Texts(state),
        Checksum = GoChecksum.Of(Dump(TypeName, policy, state)),
    });

    public CpuState Read(byte[] content)
    {
        var told = Checkpoint.Required(JsonSerializer.Deserialize<Document>(content, Options));
        var shared = Parse(told.DefaultCpuSet, "default cpu set", "");
        var state = CpuState.None;
        foreach (var (uid, container, text) in (told.Entries ?? []).SelectMany(
            static p => Checkpoint.Required(p.Value), static (p, c) => (p.Key, c.Key, c.Value)))
        {
            state = state.Assign(uid, container, Parse(
                Checkpoint.Required(text), "cpuset", $" for container {GoQuotes.Quote(container)} in pod {GoQuotes.Quote(uid)}"));
        }

        state = state with { Shared = shared };
        var dumps = new[] { TypeName, RenamedType }.Select(type => Dump(type, told.PolicyName, state));
        var isOfFileBackend = told.Checksum == 0; // upstream's former one, which had none
        (isOfFileBackend ? told with { Checksum = GoChecksum.Of(dumps.First()) } : told).Require(policy, "", dumps);
        return state;
    }

    private static CpuSet Parse(string text, string what, string whose) => CpuSet.Read(text, out var set) is { } problem
        ? throw new InvalidDataException($"could not parse {what} {GoQuotes.Quote(text)}{whose}: {problem}")
        : set;

    private static Dictionary<string, Dictionary<string, string>> Texts(CpuState state) =>
        state.Assigned.ToDictionary(
            static p => p.Key, static p => p.Value.ToDictionary(static c => c.Key, static c => c.Value.ToString()));

    /// <summary>The state as Go's debugging printer writes it, of which upstream makes the checksum.</summary>
    private static string Dump(string type, string policy, CpuState state) => new StringBuilder($"(*state.{type})")
        .Append("{PolicyName:(string)").Append(policy)
        .Append(" DefaultCPUSet:(string)").Append(state.Shared)
        .Append(" Entries:(map[string]map[string]string)")
        .Append(GoChecksum.Map(state.Assigned, static own => GoChecksum.Map(own, static cpus => cpus.ToString())))
        .Append(" Checksum:(checksum.Checksum)0}").ToString();

    private sealed record Document : PolicyDocument
    {
        [JsonPropertyName("defaultCpuSet")]
        public string DefaultCpuSet { get; init; } = "";

        [JsonPropertyName("entries")]
        [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
        public Dictionary<string, Dictionary<string, string>>? Entries { get; init; }
    }
}
