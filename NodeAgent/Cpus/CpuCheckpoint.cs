using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using OrleansOrchestrator.Formats;
using OrleansOrchestrator.Machine;
using OrleansOrchestrator.NodeAgent.Kernel;
using OrleansOrchestrator.NodeAgent.Numa;

namespace OrleansOrchestrator.NodeAgent.Cpus;

/// <summary>
/// Who has which CPUs, in a file that is upstream's, its checksum included: a node can go over from a kubelet, and
/// back, with what runs on it. Containers outlive the agent, and their CPUs must not be given to others.
/// </summary>
public static class CpuCheckpoint
{
    public const string Name = "cpu_manager_state";

    /// <summary>Of kubelets before 1.36, and what those of 1.36 read too: the checksum is of the type's name.</summary>
    private const string TypeName = "CPUManagerCheckpoint";

    /// <summary>Of kubelets of 1.36 without the gate PodLevelResourceManagers.</summary>
    private const string RenamedType = "CPUManagerCheckpointV2";

    private static readonly JsonSerializerOptions Options = new() { PropertyNameCaseInsensitive = true };

    /// <summary>What the file says; null without one.</summary>
    /// <exception cref="InvalidDataException">It is of another policy, damaged, or not one of ours.</exception>
    public static CpuState? Read(string path, string policy)
    {
        if (!File.Exists(path))
        {
            return null;
        }

        return Problem(File.ReadAllBytes(path), policy, out var state) is { } problem
            ? throw new InvalidDataException(
                $"could not restore state from checkpoint: {problem}, please drain this node and delete the CPU " +
                $"manager checkpoint file {GoQuotes.Quote(path)} before restarting Kubelet")
            : state;
    }

    public static void Write(string path, string policy, CpuState state) => OwnFiles.Replace(
        path,
        JsonSerializer.SerializeToUtf8Bytes(new Document
        {
            PolicyName = policy,
            DefaultCpuSet = state.Shared.ToString(),
            Entries = state.Assigned.IsEmpty ? null : Texts(state),
            Checksum = GoChecksum.Of(Dump(TypeName, policy, state)),
        }),
        isDurable: true);

    private static string? Problem(byte[] content, string policy, out CpuState state)
    {
        state = CpuState.None;
        Document told;
        try
        {
            told = JsonSerializer.Deserialize<Document>(content, Options) ?? new Document();
        }
        catch (JsonException exception)
        {
            return exception.Message;
        }

        if (CpuSet.Read(told.DefaultCpuSet, out var shared) is { } wrong)
        {
            return $"could not parse default cpu set {GoQuotes.Quote(told.DefaultCpuSet)}: {wrong}";
        }

        foreach (var (uid, container, text) in (told.Entries ?? []).SelectMany(
            static p => p.Value, static (p, c) => (p.Key, c.Key, c.Value)))
        {
            if (CpuSet.Read(text, out var own) is { } problem)
            {
                return $"could not parse cpuset {GoQuotes.Quote(text)} for container {GoQuotes.Quote(container)} in " +
                    $"pod {GoQuotes.Quote(uid)}: {problem}";
            }

            state = state.Assign(uid, container, own);
        }

        state = state with { Shared = shared };
        return told.Checksum != 0 && told.Checksum != GoChecksum.Of(Dump(TypeName, told.PolicyName, state))
            && told.Checksum != GoChecksum.Of(Dump(RenamedType, told.PolicyName, state))
                ? "checkpoint is corrupted"
            : told.PolicyName != policy
                ? $"configured policy {GoQuotes.Quote(policy)} differs from state checkpoint policy " +
                    GoQuotes.Quote(told.PolicyName)
            : null;
    }

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

    private sealed record Document
    {
        [JsonPropertyName("policyName")]
        public string PolicyName { get; init; } = "";

        [JsonPropertyName("defaultCpuSet")]
        public string DefaultCpuSet { get; init; } = "";

        [JsonPropertyName("entries")]
        [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
        public Dictionary<string, Dictionary<string, string>>? Entries { get; init; }

        [JsonPropertyName("checksum")]
        public uint Checksum { get; init; }
    }
}
