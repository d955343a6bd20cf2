using k8s;
using k8s.Models;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Resources.Kernel;

/// <summary>
/// A strategy whose objects say who wrote them, or when: what a pure rule cannot know. Called after the preparation of
/// a create or an update.
/// </summary>
public interface IStampedStrategy
{
    /// <summary>Writes down who and when.</summary>
    /// <param name="item">The object to be written.</param>
    /// <param name="old">The object before an update; null on create.</param>
    /// <param name="user">Who writes.</param>
    /// <param name="now">When.</param>
    void Stamp(
        IKubernetesObject<V1ObjectMeta> item, IKubernetesObject<V1ObjectMeta>? old, UserIdentity user, DateTime now);
}
