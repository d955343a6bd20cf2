using k8s;
using k8s.Models;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Kernel;

/// <summary>Answers questions of one virtual kind (<see cref="ResourceKind.IsVirtual"/>).</summary>
public interface IQuestionHandler
{
    /// <summary>True when the kind is its own.</summary>
    bool Answers(ResourceName resource);

    /// <summary>The question with its answer; a refusal when it makes no sense.</summary>
    ValueTask<Outcome<IKubernetesObject<V1ObjectMeta>>> AnswerAsync(
        WriteContext context, IKubernetesObject<V1ObjectMeta> question);
}
