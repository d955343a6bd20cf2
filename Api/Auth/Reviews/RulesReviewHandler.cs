using k8s;
using k8s.Models;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Auth.Reviews;

/// <summary>Lists what who asks may do in a namespace, as all authorizers together know it.</summary>
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

        var complaints = new List<string>();
        review.Status = new V1SubjectRulesReviewStatus { ResourceRules = [], NonResourceRules = [] };
        foreach (var source in _sources)
        {
            var allowed = await source.RulesForAsync(context.User, space, context.CancellationToken);
            review.Status.ResourceRules = [.. review.Status.ResourceRules, .. allowed.Resources];
            review.Status.NonResourceRules = [.. review.Status.NonResourceRules, .. allowed.Paths];
            complaints.AddRange(allowed.Complaint.Length == 0 ? [] : [allowed.Complaint]);
        }

        review.Status.Incomplete = complaints.Count > 0;
        review.Status.EvaluationError = complaints.Count == 0 ? null : string.Join(", ", complaints);
        return Outcomes.Of(review);
    }
}
