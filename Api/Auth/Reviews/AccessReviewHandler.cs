using k8s;
using k8s.Models;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Authorization;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Auth.Reviews;

/// <summary>
/// Says whether somebody, or who asks, may do something: the three kinds of access reviews (upstream's
/// <c>registry/authorization</c>).
/// </summary>
public sealed class AccessReviewHandler(AuthorizerChain authorizers) : IQuestionHandler
{
    /// <inheritdoc/>
    public bool Answers(ResourceName resource) =>
        resource == WellKnown.SubjectAccessReviews || resource == WellKnown.LocalSubjectAccessReviews
            || resource == WellKnown.SelfSubjectAccessReviews;

    /// <inheritdoc/>
    public async ValueTask<Outcome<IKubernetesObject<V1ObjectMeta>>> AnswerAsync(
        WriteContext context, IKubernetesObject<V1ObjectMeta> question)
    {
        var errors = new FieldErrors(context.CancellationToken);
        var wanted = question switch
        {
            V1SubjectAccessReview review => Read(review, errors),
            V1LocalSubjectAccessReview review => Read(review, errors),
            _ => Read((V1SelfSubjectAccessReview)question, context.User, errors),
        };
        if (errors.Count > 0)
        {
            // Upstream asks the object for its kind when it has forgotten it.
            return errors.ToStatus(context.Resource.Group, "", "");
        }

        var decision = await authorizers.AuthorizeAsync(wanted, context.CancellationToken);
        var failure = string.Join(
            "; ",
            AskedAttributes.Ignored(ResourceOf(question)).Prepend(decision.Failure).Where(static f => f.Length > 0));
        var status = new V1SubjectAccessReviewStatus
        {
            Allowed = decision.IsAllowed,
            Denied = decision.Verdict == AuthorizationVerdict.Deny ? true : null,
            Reason = decision.Reason.Length == 0 ? null : decision.Reason,
            EvaluationError = failure.Length == 0 ? null : failure,
        };
        return Outcomes.Of(Answered(question, status));
    }

    private static V1ResourceAttributes? ResourceOf(IKubernetesObject<V1ObjectMeta> question) => question switch
    {
        V1SubjectAccessReview review => review.Spec.ResourceAttributes,
        V1LocalSubjectAccessReview review => review.Spec.ResourceAttributes,
        V1SelfSubjectAccessReview review => review.Spec.ResourceAttributes,
        _ => null,
    };

    private static IKubernetesObject<V1ObjectMeta> Answered(
        IKubernetesObject<V1ObjectMeta> question, V1SubjectAccessReviewStatus status)
    {
        switch (question)
        {
            case V1SubjectAccessReview review: review.Status = status; break;
            case V1LocalSubjectAccessReview review: review.Status = status; break;
            case V1SelfSubjectAccessReview review: review.Status = status; break;
        }

        return question;
    }

    private static AuthorizationAttributes Read(V1SubjectAccessReview review, FieldErrors errors)
    {
        review.Spec ??= new V1SubjectAccessReviewSpec();
        AccessReviewRules.Validate(review, errors);
        return Read(review.Spec);
    }

    private static AuthorizationAttributes Read(V1LocalSubjectAccessReview review, FieldErrors errors)
    {
        review.Spec ??= new V1SubjectAccessReviewSpec();
        AccessReviewRules.Validate(review, errors);
        return Read(review.Spec);
    }

    private static AuthorizationAttributes Read(V1SelfSubjectAccessReview review, UserIdentity user, FieldErrors errors)
    {
        review.Spec ??= new V1SelfSubjectAccessReviewSpec();
        AccessReviewRules.Validate(review, errors);
        return AskedAttributes.Of(user, review.Spec.ResourceAttributes, review.Spec.NonResourceAttributes);
    }

    private static AuthorizationAttributes Read(V1SubjectAccessReviewSpec spec) => AskedAttributes.Of(
        new UserIdentity
        {
            Name = spec.User ?? "",
            Uid = spec.Uid ?? "",
            Groups = [.. spec.Groups ?? []],
            Extra = (spec.Extra ?? new Dictionary<string, IList<string>>())
                .ToDictionary(e => e.Key.ToLowerInvariant(), e => (IReadOnlyList<string>)[.. e.Value]),
        },
        spec.ResourceAttributes,
        spec.NonResourceAttributes);
}
