using System.Net;
using CsCheck;
using OrleansOrchestrator.NodeAgent.Announcing;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Announcing;

/// <summary>Frames as tcpdump shows them of real neighbours.</summary>
public sealed class FrameTests
{
    private static readonly byte[] Link = [2, 0, 0, 0, 0, 1];

    private static readonly byte[] ArpQuestion = Convert.FromHexString(
        "ffffffffffff" + "020000000002" + "0806" + "0001080006040001"
            + "020000000002" + "c0000202" + "000000000000" + "c00002c8");

    private static readonly byte[] Solicitation = Convert.FromHexString(
        "3333ff0000c8" + "020000000002" + "86dd" + "6000000000203aff" + "fe800000000000000000000000000002"
        + "ff0200000000000000000001ff0000c8" + "8700" + "36b8" + "00000000" + "20010db80000000000000000000000c8"
        + "0101020000000002");

    [Fact]
    public void An_arp_question_is_answered_to_who_asked()
    {
        Assert.Equal("192.0.2.200", ArpFrame.Asks(ArpQuestion)?.ToString());
        Assert.Equal(
            "020000000002" + "020000000001" + "0806" + "0001080006040002" + "020000000001" + "c00002c8" + "020000000002"
                + "c0000202",
            Convert.ToHexStringLower(ArpFrame.Answer(ArpQuestion, Link)));
    }

    [Fact]
    public void An_arp_announcement_asks_for_itself_so_that_all_take_note()
    {
        var frame = ArpFrame.Announcement(IPAddress.Parse("192.0.2.200"), Link);
        Assert.Equal(
            "ffffffffffff" + "020000000001" + "0806" + "0001080006040001" + "020000000001" + "c00002c8" + "000000000000"
                + "c00002c8",
            Convert.ToHexStringLower(frame));
    }

    [Fact]
    public void What_is_advertised_is_right_by_its_own_checksum()
    {
        var answer = NdpFrame.Announcement(IPAddress.Parse("2001:db8::c8"), Link);
        Assert.Equal(86, answer.Length);
        Assert.Equal("333300000001", Convert.ToHexStringLower(answer[..6]));
        Assert.Equal("8800", Convert.ToHexStringLower(answer[54..56]));

        // An advertisement made a solicitation keeps its sum when the checksum is moved by the difference.
        answer[54] = 135;
        var sum = (answer[56] << 8) + answer[57] + 0x0100;
        sum = (sum & 0xffff) + (sum >> 16);
        (answer[56], answer[57]) = ((byte)(sum >> 8), (byte)sum);
        Assert.Equal("2001:db8::c8", NdpFrame.Asks(answer)?.ToString());
        answer[57] ^= 1;
        Assert.Null(NdpFrame.Asks(answer));
    }

    [Fact]
    public void A_solicitation_is_answered_to_who_asked()
    {
        var question = (byte[])Solicitation.Clone();
        Fix(question);
        Assert.Equal("2001:db8::c8", NdpFrame.Asks(question)?.ToString());
        var answer = NdpFrame.Answer(question, Link);
        Assert.Equal("020000000002" + "020000000001" + "86dd", Convert.ToHexStringLower(answer[..14]));
        Assert.Equal("fe800000000000000000000000000002", Convert.ToHexStringLower(answer[38..54]));
        Assert.Equal(0x60, answer[58]);
        Assert.Equal("0201" + "020000000001", Convert.ToHexStringLower(answer[78..86]));
    }

    [Fact]
    public void Who_has_no_address_yet_is_told_with_everybody()
    {
        var question = (byte[])Solicitation.Clone();
        question.AsSpan(22, 16).Clear();
        Fix(question);
        var answer = NdpFrame.Answer(question, Link);
        Assert.Equal("ff020000000000000000000000000001", Convert.ToHexStringLower(answer[38..54]));
        Assert.Equal(0x20, answer[58]);
    }

    [Fact]
    public void No_frame_is_a_question_that_is_cut_or_garbled_in_its_head() => Gen.Select(
        Gen.Int[0, 41], Gen.Byte.Array[0, 100]).Check((cut, noise) =>
    {
        Assert.Null(ArpFrame.Asks(Padded(ArpQuestion[..cut])));
        Assert.Null(NdpFrame.Asks(Padded(noise)));
    });

    // Whoever reads frames has at least a head.
    private static byte[] Padded(byte[] frame) =>
        frame.Length >= 14 ? frame : [.. frame, .. new byte[14 - frame.Length]];

    private static void Fix(byte[] frame)
    {
        (frame[56], frame[57]) = (0, 0);
        var sum = 58u + (uint)(frame.Length - 54);
        for (var i = 22; i < frame.Length; i += 2)
        {
            sum += (uint)((frame[i] << 8) + frame[i + 1]);
        }

        sum = (sum & 0xffff) + (sum >> 16);
        sum = ~((sum & 0xffff) + (sum >> 16));
        (frame[56], frame[57]) = ((byte)(sum >> 8), (byte)sum);
    }
}
