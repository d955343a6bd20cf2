using k8s;
using k8s.Models;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Formats;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Auth.Reviews;

/// <summary>Says who asks; nothing of the question is in the answer.</summary>
public sealed class SelfSubjectReviewHandler(TimeProvider time) : IQuestionHandler
{
    /// <inheritdoc/>
    public bool Answers(ResourceName resource) => resource == WellKnown.SelfSubjectReviews;

    /// <inheritdoc/>
    public ValueTask<Outcome<IKubernetesObject<V1ObjectMeta>>> AnswerAsync(
        WriteContext context, IKubernetesObject<V1ObjectMeta> question)
    {
        IKubernetesObject<V1ObjectMeta> answer = new V1SelfSubjectReview
        {
            ApiVersion = question.ApiVersion,
            Kind = question.Kind,
            Metadata = new V1ObjectMeta { CreationTimestamp = ApiTime.Seconds(time.GetUtcNow()) },
            Status = new V1SelfSubjectReviewStatus { UserInfo = UserInfos.Of(context.User) },
        };
        return new(Outcomes.Of(answer));
    }
}
