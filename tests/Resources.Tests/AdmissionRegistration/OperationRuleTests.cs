using CsCheck;
using OrleansOrchestrator.Resources.AdmissionRegistration;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.Resources.Tests.AdmissionRegistration;

/// <summary>Rules match as a naive reading of upstream's documentation says.</summary>
public sealed class OperationRuleTests
{
    private static readonly Gen<IList<string>> Operations = Some("*", "CREATE", "UPDATE", "DELETE", "CONNECT");
    private static readonly Gen<IList<string>> Groups = Some("*", "", "apps");
    private static readonly Gen<IList<string>> Versions = Some("*", "v1", "v2");
    private static readonly Gen<IList<string>> Resources =
        Some("*", "*/*", "pods", "pods/*", "pods/status", "*/status", "namespaces", "namespaces/status", "po");

    private static readonly Gen<OperationRule> Rules = Gen.Select(
        Operations, Groups, Versions, Resources, Gen.OneOf<string?>(null, "*", "Namespaced", "Cluster"),
        (o, g, v, r, s) => new OperationRule(o, g, v, r, s));

    private static readonly Gen<RequestedOperation> Requests = Gen.Select(
        Gen.OneOf("CREATE", "UPDATE", "DELETE", "CONNECT"), Gen.OneOf("", "apps"),
        Gen.OneOf("v1", "v2"), Gen.OneOf("pods", "namespaces"), Gen.OneOf("", "status", "scale"),
        Gen.OneOf("", "space"),
        (o, g, v, r, s, n) => new RequestedOperation(o, g, v, r, s, n));

    [Fact]
    public void AgreesWithANaiveReading() => Gen.Select(Rules, Requests).Check(
        (rule, request) => Assert.Equal(IsMatch(rule, request), rule.Matches(request)));

    private static bool IsMatch(OperationRule rule, RequestedOperation request)
    {
        var isNamespaced = request.Namespace != "" && (request.Group, request.Resource) != ("", "namespaces");
        return (rule.Scope ?? "*") is var scope && (scope == "*" || (scope == "Namespaced") == isNamespaced)
            && rule.Operations.Intersect(["*", request.Operation]).Any()
            && rule.Groups.Intersect(["*", request.Group]).Any()
            && rule.Versions.Intersect(["*", request.Version]).Any()
            && rule.Resources.Select(r => $"{r}/").Any(r => r.Split('/') is [var resource, var subresource, ..]
                && (resource == "*" || resource == request.Resource)
                && (subresource == "*" || subresource == request.Subresource));
    }

    private static Gen<IList<string>> Some(params string[] values) =>
        Gen.OneOf(values).List[1, 3].Select(l => (IList<string>)l);
}
