using k8s.Models;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Certificates;
using OrleansOrchestrator.Resources.Certificates.SigningRequests;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Admission;

/// <summary>Nobody becomes <c>system:masters</c> by a certificate that the signer of API clients gives.</summary>
public sealed class CertificateSubjectRestrictionPlugin : IAdmissionPlugin
{
    private const string ClientSigner = "kubernetes.io/kube-apiserver-client";
    private const string Masters = "system:masters";

    public string Name => "CertificateSubjectRestriction";

    public bool Handles(AdmissionAttributes attributes) =>
        attributes.Operation == AdmissionOperation.Create && attributes.IsFor(WellKnown.CertificateSigningRequests);

    public ValueTask<Status?> ValidateAsync(AdmissionAttributes attributes, CancellationToken cancellationToken)
    {
        var spec = ((V1CertificateSigningRequest)attributes.Object!).Spec;
        var isMaster = spec.SignerName == ClientSigner
            && PemRequests.Subject(spec.Request) is { } subject
            && SubjectNames.Organizations(subject).Contains(Masters);
        return new ValueTask<Status?>(isMaster
            ? AdmissionRefusals.Forbidden(
                attributes, $"use of {ClientSigner} signer with {Masters} group is not allowed")
            : null);
    }
}
