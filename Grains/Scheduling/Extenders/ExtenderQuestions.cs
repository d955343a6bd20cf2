using System.Text.Json;

namespace OrleansOrchestrator.Grains.Scheduling.Extenders;

/// <summary>
/// The bodies of calls, as <c>k8s.io/kube-scheduler/extender/v1</c> names them. Objects go out as they are stored, less
/// what only the API server needs of them.
/// </summary>
internal static class ExtenderQuestions
{
    /// <summary><c>ExtenderArgs</c>.</summary>
    /// <param name="pod">Looks for a node.</param>
    /// <param name="nodes">Those that are left.</param>
    /// <param name="byName">Names are enough.</param>
    public static ReadOnlyMemory<byte> About(
        PodInfo pod, IReadOnlyList<NodeInfo> nodes, bool byName) => SchedulingJson.Write(
        pod, (nodes, byName), static (json, pod, state) =>
        {
            WritePod(json, "Pod", pod);
            if (state.byName)
            {
                json.WriteNull("Nodes");
                json.WriteStartArray("NodeNames");
                foreach (var node in state.nodes)
                {
                    json.WriteStringValue(node.Name);
                }

                json.WriteEndArray();
                return;
            }

            json.WriteStartObject("Nodes");
            json.WriteStartObject("metadata");
            json.WriteEndObject();
            json.WriteStartArray("items");
            foreach (var node in state.nodes)
            {
                json.WriteRawValue(node.Object!.WithoutManagedFields().Span, skipInputValidation: true);
            }

            json.WriteEndArray();
            json.WriteEndObject();
            json.WriteNull("NodeNames");
        });

    /// <summary><c>ExtenderPreemptionArgs</c>.</summary>
    /// <param name="pod">Fits nowhere.</param>
    /// <param name="candidates">Where room could be made.</param>
    /// <param name="byUid">UIDs of pods are enough.</param>
    public static ReadOnlyMemory<byte> Preemption(
        PodInfo pod, IReadOnlyList<PreemptionCandidate> candidates, bool byUid) => SchedulingJson.Write(
        pod, (candidates, byUid), static (json, pod, state) =>
        {
            WritePod(json, "Pod", pod);
            json.WriteNull(state.byUid ? "NodeNameToVictims" : "NodeNameToMetaVictims");
            json.WriteStartObject(state.byUid ? "NodeNameToMetaVictims" : "NodeNameToVictims");
            foreach (var candidate in state.candidates)
            {
                json.WriteStartObject(candidate.Node.Name);
                json.WriteStartArray("Pods");
                foreach (var victim in candidate.Victims)
                {
                    WriteVictim(json, victim, state.byUid);
                }

                json.WriteEndArray();
                json.WriteNumber("NumPDBViolations", candidate.Violations);
                json.WriteEndObject();
            }

            json.WriteEndObject();
        });

    /// <summary><c>ExtenderBindingArgs</c>.</summary>
    public static ReadOnlyMemory<byte> Binding(PodInfo pod, string nodeName) => SchedulingJson.Write(
        pod, nodeName, static (json, pod, nodeName) =>
        {
            json.WriteString("PodName", pod.Key.Name);
            json.WriteString("PodNamespace", pod.Key.Namespace);
            json.WriteString("PodUID", pod.Uid);
            json.WriteString("Node", nodeName);
        });

    private static void WritePod(Utf8JsonWriter json, string name, PodInfo pod)
    {
        json.WritePropertyName(name);
        json.WriteRawValue(pod.Object!.WithoutManagedFields().Span, skipInputValidation: true);
    }

    private static void WriteVictim(Utf8JsonWriter json, PodInfo victim, bool byUid)
    {
        if (!byUid)
        {
            json.WriteRawValue(victim.Object!.WithoutManagedFields().Span, skipInputValidation: true);
            return;
        }

        json.WriteStartObject();
        json.WriteString("UID", victim.Uid);
        json.WriteEndObject();
    }
}
