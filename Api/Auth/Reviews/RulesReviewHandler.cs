using k8s;
using k8s.Models;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Formats;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Auth.Reviews;

/// <summary>
/// Lists what who asks may do in a namespace, as all authorizers together know it; nothing of the question is in the
/// answer.
/// </summary>
public sealed class RulesReviewHandler(IEnumerable<IAuthorizer> authorizers) : IQuestionHandler
{
    private readonly IRuleSource[] _sources = [.. authorizers.OfType<IRuleSource>()];

    /// <inheritdoc/>
    public bool Answers(ResourceName resource) => resource == WellKnown.SelfSubjectRulesReviews;

    /// <inheritdoc/>
    public async ValueTask<Outcome<IKubernetesObject<V1ObjectMeta>>> AnswerAsync(
        WriteContext context, IKubernetesObject<V1ObjectMeta> question)
    {
        var review = (V1SelfSubjectRulesReview)question;
        if (review.Spec?.NamespaceProperty is not { Length: > 0 } space)
        {
            return StatusErrors.BadRequest("no namespace on request");
        }

        var allowed = await AllowedRules.OfAsync(_sources, context.User, space, context.CancellationToken);
        return Outcomes.Of(new V1SelfSubjectRulesReview
        {
            ApiVersion = question.ApiVersion,
            Kind = question.Kind,
            Metadata = new V1ObjectMeta(),
            Spec = new V1SelfSubjectRulesReviewSpec(),
            Status = new V1SubjectRulesReviewStatus
            {
                ResourceRules = [.. allowed.Resources],
                NonResourceRules = [.. allowed.Paths],
                Incomplete = allowed.IsIncomplete,
                EvaluationError = GoErrors.Join(allowed.Complaints),
            },
        });
    }
}
