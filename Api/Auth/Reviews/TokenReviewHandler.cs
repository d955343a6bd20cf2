using k8s;
using k8s.Models;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Auth.Reviews;

/// <summary>Says who bears a token (upstream's <c>registry/authentication/tokenreview</c>).</summary>
public sealed class TokenReviewHandler(BearerTokens tokens, AuthOptions options) : IQuestionHandler
{
    private const string Refused = "invalid bearer token";

    /// <inheritdoc/>
    public bool Answers(ResourceName resource) => resource == WellKnown.TokenReviews;

    /// <inheritdoc/>
    public async ValueTask<Outcome<IKubernetesObject<V1ObjectMeta>>> AnswerAsync(
        WriteContext context, IKubernetesObject<V1ObjectMeta> question)
    {
        var review = (V1TokenReview)question;
        if (review.Spec?.Token is not { Length: > 0 } token)
        {
            return StatusErrors.BadRequest("token is required for TokenReview in authentication");
        }

        IReadOnlyList<string> audiences =
            review.Spec.Audiences is { Count: > 0 } asked ? [.. asked] : options.Audiences;
        var verdict = await tokens.ReviewAsync(token, audiences, context.CancellationToken);
        review.Status = new V1TokenReviewStatus { User = UserInfos.Of(verdict.User) };
        if (verdict.User is null)
        {
            review.Status.Error = verdict.Complaint.Length == 0 ? Refused : $"[{Refused}, {verdict.Complaint}]";
        }
        else
        {
            review.Status.Authenticated = true;
            review.Status.Audiences = [.. verdict.Audiences];
        }

        return Outcomes.Of(review);
    }
}
