using k8s;
using k8s.Models;

namespace OrleansOrchestrator.Resources.Kernel;

/// <summary>A strategy whose lists have, as Tables, another order than that of the names.</summary>
public interface ISortedRows
{
    /// <summary>Which of two objects comes first.</summary>
    IComparer<IKubernetesObject<V1ObjectMeta>> RowOrder { get; }
}
