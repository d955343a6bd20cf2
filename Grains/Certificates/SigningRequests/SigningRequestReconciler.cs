using System.Text;
using k8s.Models;
using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Interfaces.Security;
using OrleansOrchestrator.Resources.Certificates.SigningRequests;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Certificates.SigningRequests;

/// <summary>
/// Approves one request if its sender has the right to that, signs it when it is approved, and removes it when nobody
/// needs it any more, to the minute of the reminder that wakes it.
/// </summary>
public sealed class SigningRequestReconciler : IObjectReconciler
{
    /// <summary>Upstream's name of all three controllers; also the user of all that is written.</summary>
    public const string Controller = "certificate-controller";

    private readonly ObjectKey _key;
    private readonly IResourceClient _client;
    private readonly ReconcilingServices _services;

    public SigningRequestReconciler(ObjectKey key, ReconcilingServices services)
    {
        _key = key;
        _client = services.Client.As(UserIdentity.Controller(Controller));
        _services = services;
    }

    /// <inheritdoc/>
    public async Task<ReconcileResult> ReconcileAsync(CancellationToken cancellationToken)
    {
        var read = await _client.GetAsync(
            WellKnown.CertificateSigningRequests, _key, ReadFreshness.Linearizable, cancellationToken);
        if (read.OrNull($"certificate signing request {_key.Name}") is not { } item)
        {
            return ReconcileResult.Done;
        }

        var request = item.Clone<V1CertificateSigningRequest>();
        if (SigningRequestPlanner.End(request) <= _services.Time.GetUtcNow())
        {
            Expect(await _client.DeleteAsync(request, cancellationToken));
        }
        else
        {
            await AdvanceAsync(request, cancellationToken);
        }

        return ReconcileResult.Done;
    }

    private async Task AdvanceAsync(V1CertificateSigningRequest request, CancellationToken cancellationToken)
    {
        if (await ApprovalAsync(request, cancellationToken) is { } approval)
        {
            Add(request, CertificateSigningRequestStrategy.Approved, "AutoApproved", approval);
            Expect(await _client.UpdateAsync(request, "approval", cancellationToken));
            return;
        }

        var (step, complaint) = SigningRequestPlanner.Sign(request);
        switch (step)
        {
            case SigningStep.Fail:
                Add(request, CertificateSigningRequestStrategy.Failed, "SignerValidationFailure", complaint);
                Expect(await _client.UpdateStatusAsync(request, cancellationToken));
                break;
            case SigningStep.Sign:
                var order = new SigningOrder
                {
                    Request = request.Spec.Request, Usages = [.. request.Spec.Usages],
                    Validity = SigningRequestPlanner.Validity(request),
                };
                request.Status.Certificate =
                    Encoding.ASCII.GetBytes(await _services.Signer.SignAsync(order, cancellationToken));
                Expect(await _client.UpdateStatusAsync(request, cancellationToken));
                break;
        }
    }

    /// <summary>What the approval says; null when nothing entitles to one.</summary>
    private async Task<string?> ApprovalAsync(
        V1CertificateSigningRequest request, CancellationToken cancellationToken)
    {
        foreach (var review in SigningRequestPlanner.Reviews(request))
        {
            var answer = await _client.CreateAsync(
                new CreateRequest
                {
                    Resource = WellKnown.SubjectAccessReviews,
                    Json = ResourceCodec.Encode(Question(request.Spec, review.Subresource)),
                },
                cancellationToken);
            if (answer.Required.As<V1SubjectAccessReview>().Status?.Allowed == true)
            {
                return review.Message;
            }
        }

        return null;
    }

    private static V1SubjectAccessReview Question(V1CertificateSigningRequestSpec spec, string subresource) => new()
    {
        ApiVersion = "authorization.k8s.io/v1",
        Kind = "SubjectAccessReview",
        Metadata = new V1ObjectMeta(),
        Spec = new V1SubjectAccessReviewSpec
        {
            User = spec.Username,
            Uid = spec.Uid,
            Groups = spec.Groups,
            Extra = spec.Extra,
            ResourceAttributes = new V1ResourceAttributes
            {
                Group = WellKnown.CertificateSigningRequests.Group,
                Version = "*",
                Resource = WellKnown.CertificateSigningRequests.Plural,
                Verb = "create",
                Subresource = subresource,
            },
        },
    };

    private static void Add(V1CertificateSigningRequest request, string type, string reason, string message)
    {
        request.Status ??= new V1CertificateSigningRequestStatus();
        request.Status.Conditions =
        [
            .. request.Status.Conditions ?? [],
            new V1CertificateSigningRequestCondition
            {
                Type = type, Status = "True", Reason = reason, Message = message,
            },
        ];
    }

    private void Expect(Outcome<ResourceObject> outcome) =>
        outcome.ThrowIfRefused($"certificate signing request {_key.Name}", StatusReasons.NotFound);
}
