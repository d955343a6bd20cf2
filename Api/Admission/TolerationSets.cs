using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Admission;

/// <summary>Joins tolerations (upstream's pkg/util/tolerations).</summary>
internal static class TolerationSets
{
    /// <summary>Both lists in their order, without what another one says too; of equal ones the first stays.</summary>
    public static IList<V1Toleration> Merge(IList<V1Toleration> first, IList<V1Toleration> second)
    {
        V1Toleration[] all = [.. first, .. second];
        var merged = new List<V1Toleration>();
        foreach (var (index, toleration) in all.Index())
        {
            if (!merged.Any(m => Covers(m, toleration))
                && !all.Skip(index + 1).Any(l => !Same(l, toleration) && Covers(l, toleration)))
            {
                merged.Add(toleration);
            }
        }

        return merged;
    }

    private static bool Same(V1Toleration left, V1Toleration right) => ModelShape.SemanticEquals(left, right);

    /// <summary>True when one tolerates all that another does.</summary>
    private static bool Covers(V1Toleration wide, V1Toleration narrow)
    {
        if (Same(wide, narrow))
        {
            return true;
        }

        var (key, effect) = (wide.Key ?? "", wide.Effect ?? "");
        var fitsKey = key == (narrow.Key ?? "") || (key.Length == 0 && wide.OperatorProperty == "Exists");
        var fitsEffect = effect.Length == 0 || effect == (narrow.Effect ?? "");
        var fitsTime = effect != "NoExecute" || wide.TolerationSeconds is null
            || narrow.TolerationSeconds <= wide.TolerationSeconds;
        return fitsKey && fitsEffect && fitsTime && wide.OperatorProperty switch
        {
            null or "" or "Equal" => narrow.OperatorProperty == "Equal" && (narrow.Value ?? "") == (wide.Value ?? ""),
            "Exists" => true,
            _ => false,
        };
    }
}
