using System.Text;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Negotiation;

/// <summary>In which forms the answers to questions can be had.</summary>
public sealed class AnswerFormsTests
{
    [Theory]
    [InlineData("application/json;as=Table;v=v1;g=meta.k8s.io", true)]
    [InlineData("application/json;as=Table;v=v1;g=meta.k8s.io,application/json", false)]
    public async Task AReviewIsNoTable(string accept, bool isRefused)
    {
        await using var host = await ProtocolHost.StartAsync();
        using var request = new HttpRequestMessage(
            HttpMethod.Post, "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews");
        request.Headers.TryAddWithoutValidation("Accept", accept);
        request.Content = new StringContent(
            """{"spec":{"nonResourceAttributes":{"path":"/","verb":"get"}}}""", Encoding.UTF8, "application/json");
        using var response = await host.Http.SendAsync(request);
        Assert.Equal(isRefused, (int)response.StatusCode == 406);
    }
}
