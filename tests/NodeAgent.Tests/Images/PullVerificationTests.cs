using OrleansOrchestrator.NodeAgent.Images;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Images;

/// <summary>For which images that are there credentials count: upstream's cases, and those of docker.io.</summary>
public sealed class PullVerificationTests
{
    private const string Image = "test.io/test/test-image";
    private const string Others = "test.io/test/image1 test.io/test/image2";
    private const string Wildcard =
        "not a valid wildcard pattern, only patterns ending with '/*' are allowed: ";
    private const string Digest = "@sha256:38a8906435c4dd5f4258899d46621bfd8eea3ad6ff494ee3c2f17ef0321625bd";

    [Theory]
    [InlineData(PullVerification.NeverVerify, false, false)]
    [InlineData(PullVerification.NeverVerify, true, false)]
    [InlineData(PullVerification.NeverVerifyPreloadedImages, false, false)]
    [InlineData(PullVerification.NeverVerifyPreloadedImages, true, true)]
    [InlineData(PullVerification.NeverVerifyAllowlistedImages, false, true)]
    [InlineData(PullVerification.NeverVerifyAllowlistedImages, true, true)]
    [InlineData(PullVerification.AlwaysVerify, false, true)]
    [InlineData(PullVerification.AlwaysVerify, true, true)]
    public void A_policy_looks_at_who_brought_the_image(string policy, bool isOfAPull, bool isNeeded) =>
        Assert.Equal(isNeeded, new PullVerification(policy, []).IsNeeded(Image, isOfAPull));

    [Theory]
    [InlineData(Image, Others, true)]
    [InlineData(Image, Others + " test.io/test/test-image", false)]
    [InlineData(Image, Others + " different.repo/test/*", true)]
    [InlineData(Image, Others + " test.io/test/*", false)]
    [InlineData(Image, "test.io/*", false)]
    [InlineData(Image, "test.io/te", true)]
    [InlineData("test.io/testing/image", "test.io/test/*", true)]
    [InlineData("docker.io/library/alpine", "docker.io/library/alpine", false)]
    [InlineData("docker.io/library/alpine", "docker.io/library/*", false)]
    [InlineData("docker.io/team/alpine", "docker.io/library/alpine", true)]
    public void A_list_names_images_or_what_is_below_a_path(string image, string list, bool isNeeded)
    {
        var verification = new PullVerification(PullVerification.NeverVerifyAllowlistedImages, list.Split(' '));

        Assert.Null(PullVerification.Problem(PullVerification.NeverVerifyAllowlistedImages, list.Split(' ')));
        Assert.Equal(
            (isNeeded, isNeeded),
            (verification.IsNeeded(image, isOfAPull: false), verification.IsNeeded(image, isOfAPull: true)));
    }

    [Theory]
    [InlineData("image.repo/pokus*/imagename", Wildcard + "image.repo/pokus*/imagename")]
    [InlineData("image.repo/pokus*", Wildcard + "image.repo/pokus*")]
    [InlineData("image.repo/*/imagename", Wildcard + "image.repo/*/imagename")]
    [InlineData("*", Wildcard + "*")]
    [InlineData("/*", "at least registry hostname is required")]
    [InlineData("", "the supplied pattern is too short: ")]
    [InlineData("image.repo/", "failed to parse as an image name: invalid reference format")]
    [InlineData("test.io/test/image1:tagged",
        "neither tag nor digest is accepted in an image reference: test.io/test/image1:tagged")]
    [InlineData("test.io/test/image1" + Digest,
        "neither tag nor digest is accepted in an image reference: test.io/test/image1" + Digest)]
    [InlineData("alpine", "neither tag nor digest is accepted in an image reference: alpine")]
    [InlineData("docker.io/alpine", "neither tag nor digest is accepted in an image reference: docker.io/alpine")]
    [InlineData("test.io/test/image1 ", "leading/trailing spaces are not allowed: test.io/test/image1 ")]
    public void A_pattern_that_cannot_be_is_told(string pattern, string problem) => Assert.Equal(
        $"invalid image pattern in `preloadedImagesVerificationAllowlist`: {problem}",
        PullVerification.Problem(PullVerification.NeverVerifyAllowlistedImages, [Image, pattern]));

    [Fact]
    public void A_policy_that_is_none_is_told_and_a_list_needs_its_policy()
    {
        Assert.Equal(
            "option \"Sometimes\" specified for imagePullCredentialsVerificationPolicy. Valid options are " +
            "\"NeverVerify\", \"NeverVerifyPreloadedImages\", \"NeverVerifyAllowlistedImages\" or \"AlwaysVerify\"",
            PullVerification.Problem("Sometimes", []));
        Assert.Equal(
            "can't set `preloadedImagesVerificationAllowlist` if `imagePullCredentialsVerificationPolicy` is not " +
            "\"NeverVerifyAllowlistedImages\"",
            PullVerification.Problem(PullVerification.AlwaysVerify, [Image]));
        Assert.All(PullVerification.All, static policy => Assert.Null(PullVerification.Problem(policy, [])));
    }
}
