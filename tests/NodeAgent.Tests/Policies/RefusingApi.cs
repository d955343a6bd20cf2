using System.Net;
using System.Text;
using k8s;

namespace OrleansOrchestrator.NodeAgent.Tests.Policies;

/// <summary>An API where nothing may be read.</summary>
internal sealed class RefusingApi : DelegatingHandler
{
    public RefusingApi() =>
        Client = new Kubernetes(new KubernetesClientConfiguration { Host = "http://127.0.0.1:1" }, this);

    public Kubernetes Client { get; }

    protected override Task<HttpResponseMessage> SendAsync(
        HttpRequestMessage request, CancellationToken cancellationToken) =>
        Task.FromResult(new HttpResponseMessage(HttpStatusCode.Forbidden)
        {
            Content = new StringContent(
                """{"kind":"Status","reason":"Forbidden","code":403}""", Encoding.UTF8, "application/json"),
        });
}
