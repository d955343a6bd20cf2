using OrleansOrchestrator.NodeAgent.Images;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Images;

public sealed class ImageFailureTests
{
    [Theory]
    [InlineData("RegistryUnavailable: no route", "RegistryUnavailable",
        "image pull failed for r.io/a because the registry is unavailable: no route")]
    [InlineData("SignatureValidationFailed", "SignatureValidationFailed",
        "image pull failed for r.io/a because the signature validation failed")]
    [InlineData("rpc error: code = NotFound desc = no such image", "ErrImagePull",
        "rpc error: code = NotFound desc = no such image")]
    public void What_a_runtime_says_of_a_pull_is_the_reason(string problem, string reason, string message)
    {
        Assert.Equal((reason, message), ImagePuller.Explain("r.io/a", problem));
        Assert.True(ImagePuller.IsFailedPull(reason));
    }

    [Theory]
    [InlineData(ImagePuller.ImagePullBackOff)]
    [InlineData(ImagePuller.ErrImageNeverPull)]
    public void Other_reasons_are_no_failed_pull(string reason) => Assert.False(ImagePuller.IsFailedPull(reason));
}
