"""Where a stored record keeps what, in the MediaSequence and DMVR conventions."""

from brave_tf.modalities import MODALITIES

FRAMES = MODALITIES["rgb"].feature
FRAME_TIMES = "image/timestamp"
WAVEFORM = MODALITIES["audio"].feature
WAVEFORM_RATE = "WAVEFORM/feature/sample_rate"
FLOW = MODALITIES["flow"].feature
FLOW_TIMES = "FORWARD_FLOW/image/timestamp"
FLOW_RATE = MODALITIES["flow"].rate_feature
MICROSECONDS = 1_000_000
